"""The DuckDB file and the dictionary, made of published versions."""

import json
import re
import shutil
import stat
import subprocess
import sys

import polars as pl
import pytest

from pipelines import ROOT
from pipelines.exports.looking.columns import plain_type
from pipelines.exports.looking.dictionary import read_entry, to_html, to_markdown
from pipelines.exports.manifest import Proof

duckdb = pytest.importorskip("duckdb")
CHROMIUM = shutil.which("chromium")
ROWS = pl.DataFrame({"id": ["c1", "c2"], "email": ["kari@example.com", None], "points": [10, 20]})
LINES = pl.DataFrame({"id": ["c1", "c1"], "tag": ["x", "y"]})
TEXTS = {"email": "Where they're written to <b>", "tag": "What's said of them"}
DAY = "data/day=2026-03-0{}/part-00001.parquet"


def test_views_over_the_newest_of_every_table(cli_here, make_version, tmp_path):
    tables = {
        DAY.format(1): ROWS.head(1),
        DAY.format(2): ROWS.tail(1),
        "tags/part-00001.parquet": LINES,
    }
    make_version(tables, texts=TEXTS)
    doubts = ("one row is missing",)
    make_version(
        LINES, "transactions_report", proof=Proof(complete=False, declared=3, rows=2, doubts=doubts)
    )
    file = tmp_path / "all.duckdb"
    done = cli_here("exports", "duckdb", "-o", file)
    assert done.code == 0
    views = ["customers_report", "customers_report_tags", "transactions_report", "exports"]
    assert [line.strip() for line in done.out.splitlines()[1:-1]] == views
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with duckdb.connect(file, read_only=True) as base:
        found = base.sql(
            "SELECT id, email, points, day FROM customers_report ORDER BY id"
        ).fetchall()
        assert [row[:3] for row in found] == ROWS.rows()
        assert [str(row[3]) for row in found] == ["2026-03-01", "2026-03-02"]
        assert base.sql("SELECT count(*) FROM customers_report_tags").fetchall() == [(2,)]
        said = "SELECT comment FROM duckdb_columns() WHERE column_name = 'email'"
        assert base.sql(said).fetchall() == [(TEXTS["email"],)]
        about = "SELECT comment FROM duckdb_views() WHERE view_name = 'customers_report'"
        assert base.sql(about).fetchall() == [("All customers",)]
        state = base.sql("SELECT feed, complete, doubts FROM exports ORDER BY feed").fetchall()
        assert state == [("customers_report", True, []), ("transactions_report", False, [*doubts])]


def test_views_show_what_is_published_later(cli_here, make_version, tmp_path):
    make_version(ROWS)
    file = tmp_path / "all.duckdb"
    assert (
        cli_here("exports", "duckdb", "-o", file, "--json").json()["views"][0] == "customers_report"
    )
    make_version(ROWS.with_columns(points=pl.col("points").cast(pl.String), new=pl.lit(1)))
    with duckdb.connect(file, read_only=True) as base:
        assert base.sql("SELECT points, new FROM customers_report").fetchall() == [
            ("10", 1),
            ("20", 1),
        ]


def test_the_command_says_nothing_else(cli, make_version, tmp_path):
    make_version(ROWS)
    done = cli("exports", "duckdb", "-o", tmp_path / "all.duckdb")
    assert (done.code, done.err) == (0, "")
    assert "views" in done.out


def test_without_duckdb_one_line_says_what_to_install(make_version):
    make_version(ROWS)
    code = (
        "import sys; sys.modules['duckdb'] = None; sys.argv = ['loyalty-etl', 'exports', 'duckdb'];"
        "from pipelines.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "loyalty-etl: DuckDB is not installed: pip install -e '.[duckdb]',"
        " or pip install duckdb [no-duckdb]\n"
    )


@pytest.mark.parametrize("command", ["duckdb", "dictionary"])
def test_nothing_to_show_and_no_place_to_write(cli_here, make_version, tmp_path, command):
    done = cli_here("exports", command)
    assert (done.code, "nothing was exported yet" in done.err) == (1, True)
    make_version(ROWS)
    (tmp_path / "file").touch()
    done = cli_here("exports", command, "-o", tmp_path / "file" / "x")
    assert (done.code, "cannot be written" in done.err) == (1, True)


def test_the_dictionary_tells_columns_and_no_data(cli_here, make_version, tmp_path):
    make_version({"data/part-00001.parquet": ROWS, "tags/part-00001.parquet": LINES}, texts=TEXTS)
    page = tmp_path / "page.html"
    assert cli_here("exports", "dictionary", "-o", page).code == 0
    text = page.read_text("utf-8")
    assert "Where they&#x27;re written to &lt;b&gt;" in text
    assert 'title="String">text</td>' in text
    assert "50.0 %" in text
    assert "<h3>tags</h3>" in text
    assert "All customers" in text
    assert "kari" not in text
    assert re.findall(r"(?:src|href)=\"(?!#)", text) == []
    assert "http" not in text.replace("http-equiv", "")
    notes = tmp_path / "page.md"
    told = json.loads(cli_here("exports", "dictionary", "-o", notes, "--json").out)
    assert (told["exports"], told["columns"]) == (1, 5)
    assert "| email | text | 50.0 % | may be empty | Where they're written to \\<b\\> |" in (
        notes.read_text("utf-8")
    )


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
def test_the_dictionary_is_read_on_a_phone_too(cli_here, make_version, tmp_path):
    from playwright.sync_api import sync_playwright

    make_version({DAY.format(1): ROWS, "tags/part-00001.parquet": LINES}, texts=TEXTS)
    page_file = tmp_path / "page.html"
    assert cli_here("exports", "dictionary", "-o", page_file).code == 0
    screenshots = ROOT / "build" / "screenshots"
    screenshots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, scheme in ((1200, "light"), (400, "dark")):
            place = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = place.new_page()
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(page_file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.get_by_text("Where they're written to <b>").is_visible()
            assert asked == [page_file.as_uri()]
            page.screenshot(path=screenshots / f"dictionary-{width}-{scheme}.png")
        browser.close()


def test_a_key_is_never_empty(make_version):
    entry = read_entry(make_version(ROWS), "All", ["id"], ["points"])
    assert "| id | text | 100 % | never empty, key |" in to_markdown([entry])
    assert to_html([entry]).count("never empty") == 2


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("Decimal(precision=38, scale=4)", "decimal(4)"),
        ("Datetime(time_unit='us', time_zone='UTC')", "timestamp, UTC"),
        ("Datetime(time_unit='us', time_zone=None)", "timestamp, without a zone"),
        ("List(String)", "list"),
        ("Struct({'n': Int64})", "struct"),
        ("Int64", "integer"),
        ("Categorical", "Categorical"),
    ],
)
def test_types_are_told_in_the_words_of_a_feed(kind, said):
    assert plain_type(kind) == said
    assert str(pl.Decimal(38, 4)) == "Decimal(precision=38, scale=4)"
