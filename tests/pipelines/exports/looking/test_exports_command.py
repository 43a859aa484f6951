"""What `loyalty-etl exports` says, and what it does not say."""

import json

import polars as pl
import pytest

from pipelines.exports.manifest import Proof

ROWS = pl.DataFrame(
    {
        "id": ["no-1", "no-2", "no-3"],
        "email": ["kari@example.com", None, "ola@example.com"],
        "points": [10, 20, 30],
    }
)
TEXTS = {"email": "Where they are written to", "id": "The platform's own"}


def test_nothing_exported_yet(cli_here):
    done = cli_here("exports", "list")
    assert done.code == 0
    assert "customers_report     never" in done.out
    assert "Next: loyalty-etl export customers_report" in done.out
    done = cli_here("exports", "show", "customers_report")
    assert (done.code, done.out) == (1, "")
    assert "nothing of customers_report was published yet" in done.err


def test_list_tells_the_newest_and_what_speaks_against_it(cli_here, make_version):
    make_version(ROWS.head(1), hours=50)
    make_version(ROWS, hours=5)
    assert cli_here("exports", "list").code == 0
    doubts = ("3 rows of 5 came",)
    make_version(
        ROWS, "transactions_report", proof=Proof(complete=False, declared=5, rows=3, doubts=doubts)
    )
    done = cli_here("exports", "list")
    assert done.code == 5
    first, second, then = done.out.splitlines()
    assert "3 rows" in first
    assert "5 h old  complete" in first
    assert "INCOMPLETE: 3 rows of 5 came" in second
    assert then == "Next: loyalty-etl exports show transactions_report"
    told = [json.loads(line) for line in cli_here("exports", "list", "--json").out.splitlines()]
    assert [(row["feed"], row["rows"], row["complete"]) for row in told] == [
        ("customers_report", 3, True),
        ("transactions_report", 3, False),
    ]


def test_show_tells_what_was_proven_and_how_to_open_it(cli_here, make_version):
    old = make_version(ROWS.drop("points"), run_id="aaaa-1")
    new = make_version(
        ROWS,
        texts=TEXTS,
        undeclared=("points",),
        proof=Proof(complete=True, declared=3, rows=3, distinct_keys=3, units=2, rechecked=1),
    )
    done = cli_here("exports", "show", "customers_report")
    assert done.code == 0
    out = " ".join(done.out.split())
    assert "customers_report: 3 rows, complete" in out
    assert "proof 3 rows read, 3 announced, 3 distinct keys" in out
    assert "email text 66.7 % Where they are written to" in out
    assert "points integer 100 % (not declared)" in out
    assert f"{new.folder.parent}/latest/data/**/*.parquet" in out
    assert "@" not in out
    done = cli_here("exports", "show", "customers_report", "--version", "aaaa", "--json")
    assert done.json()["version"] == old.folder.name
    assert [x["name"] for x in done.json()["columns"]["data"]] == ["id", "email"]
    assert cli_here("exports", "show", "customers_report", "--version", "zz").code == 1


def test_every_way_to_open_it_works(make_version):
    duckdb = pytest.importorskip("duckdb")
    import pandas as pd

    from pipelines.exports.looking.ways import ways_to_open

    day = "data/day=2026-03-0{}/part-00001.parquet"
    version = make_version({day.format(1): ROWS.head(1), day.format(2): ROWS.tail(2)})
    ways = ways_to_open(version)
    read = [
        duckdb.sql(ways["DuckDB"]).pl(),
        eval(ways["Polars"], {"pl": pl}),
        pl.from_pandas(eval(ways["pandas"], {"pd": pd}).astype({"day": "str"})),
    ]
    for frame in read:
        assert frame.sort("id").select(ROWS.columns).to_dicts() == ROWS.to_dicts()
        assert frame["day"].cast(pl.String).sort().to_list() == ["2026-03-01"] + ["2026-03-02"] * 2


def test_diff_hides_whom_it_is_about(cli_here, make_version):
    make_version(ROWS)
    changed = ROWS.with_columns(email=pl.col("email").replace("ola@example.com", "per@example.org"))
    make_version(pl.concat([changed.tail(2), changed.head(1).with_columns(id=pl.lit("no-4"))]))
    done = cli_here("exports", "diff", "customers_report")
    assert done.code == 0
    assert "1 added, 1 gone, 1 changed, 1 the same (by id)" in done.out
    assert "email xxx@xxxxxxx.xxx → xxx@xxxxxxx.xxx" in done.out
    for secret in ("kari", "ola@", "per@", "no-"):
        assert secret not in done.out
    assert cli_here("exports", "diff", "customers_report", "--exit-code").code == 4
    shown = cli_here("exports", "diff", "customers_report", "--show-values").out
    assert "changed   id no-3: email ola@example.com → per@example.org" in shown
    told = cli_here("exports", "diff", "customers_report", "--json").json()
    assert (told["added"], told["gone"], told["changed"], told["equal"]) == (1, 1, 1, False)
    assert "ola@" not in json.dumps(told)


def test_diff_needs_two(cli_here, make_version):
    make_version(ROWS)
    done = cli_here("exports", "diff", "customers_report")
    assert done.code == 1
    assert "has one version only" in done.err


def test_an_export_that_lies_elsewhere_is_found_by_its_folder(cli_here, make_version, tmp_path):
    make_version(ROWS, out=tmp_path / "out")
    assert cli_here("exports", "show", tmp_path / "out").code == 0
    done = cli_here("exports", "show", tmp_path / "none")
    assert done.code == 1
    assert "no export was published there" in done.err


def test_a_manifest_that_is_none_is_no_version(cli_here, make_version):
    version = make_version(ROWS)
    bad = version.folder.parent / "bad"
    bad.mkdir()
    (bad / "manifest.json").write_text("{}")
    assert cli_here("exports", "show", "customers_report").code == 0
