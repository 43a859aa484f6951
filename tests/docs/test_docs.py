"""The documents tell the truth: their YAML reads, their commands exist, and no word is missing."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import polars as pl
import pytest

from pipelines import ROOT, describing
from pipelines.cli import cli
from pipelines.feeds import ExportFeed, LoadFeed, explaining, reading
from pipelines.migration.words import PlanWords, read_plan
from pipelines.reference import made_pages
from pipelines.settings import SETTINGS

SANDBOX = ROOT / "docs" / "sandbox.md"
WORDS = ("feeds", "sources", "mapping", "exports", "triggers")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[str]:
    pages = [page for page in PAGES if page != SANDBOX]  # its faults are tried in tests/sandbox
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_yaml_reads(block: str, tmp_path: Path) -> None:
    of_plan = "\nsteps:\n" in block
    file = tmp_path / ("plan.yaml" if of_plan else "defs.yaml")
    file.write_text(block, encoding="utf-8")
    if of_plan:
        read_plan(file)
    else:
        reading.read_yaml(file)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.slow
@pytest.mark.usefixtures("api")
def test_the_commands_of_the_readme_run(checkout) -> None:
    """In their order; `make` and the sandbox's own shell are left to CI and to the fixture."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    lines = "".join(found).splitlines()
    ran = []
    for line in map(shlex.split, lines):
        if line[0] == "cp":
            subprocess.run(line, cwd=checkout.checkout, check=True)
        elif line[0] == "loyalty-etl" and line[1] != "sandbox":
            done = checkout(*line[1:])
            assert done.code == 0, (line, done.err)
            ran.append(line[1])
    loads = ["run", "plan", "run", "run", "status"]
    looks = ["guess", "preview", "validate"]
    assert ran == ["check", "feeds", *loads, "export", "runs", *looks, "run"]
    report = pl.read_parquet(checkout.checkout / "out" / "latest" / "data")
    assert report.height == 204


@pytest.mark.slow
@pytest.mark.usefixtures("api")
def test_the_sql_of_the_docs_runs_on_the_exports_of_the_demo(cli_here, tmp_path) -> None:
    duckdb = pytest.importorskip("duckdb")
    for feed in ("members_csv", "receipts_csv"):
        assert cli_here("run", feed).code == 0
    for feed in ("customers_report", "transactions_report"):
        assert cli_here("export", feed).code == 0
    assert cli_here("exports", "duckdb", "-o", tmp_path / "exports.duckdb").code == 0
    with duckdb.connect(tmp_path / "exports.duckdb", read_only=True) as base:
        base.execute("SET TimeZone = 'UTC'")
        found = {block: base.execute(block).fetchall() for block in blocks("sql")}
    assert len(found) >= 5
    assert [block for block, rows in found.items() if not rows] == []


def all_words(model: type) -> set[str]:
    found: set[str] = set()
    for part in explaining.all_models(model):
        found |= set(explaining.fields_of(part))
    return found


def test_every_word_of_a_feed_is_documented() -> None:
    pages = [ROOT / "docs" / f"{name}.md" for name in WORDS]
    text = "".join(page.read_text(encoding="utf-8") for page in pages if page.exists())
    named = set(re.findall(r"[A-Za-z_]+", text))
    assert all_words(LoadFeed) | all_words(ExportFeed) <= named


def test_every_word_of_a_plan_is_documented() -> None:
    page = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
    assert all_words(PlanWords) <= set(re.findall(r"[A-Za-z_]+", page))


def test_every_command_and_setting_is_documented() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in cli.commands.items():
        assert f"loyalty-etl {name}" in readme
        for option in command.params:
            if isinstance(option, click.Option) and name not in {"sample-data", "runs"}:
                assert any(o in readme for o in option.opts) or option.name == "host", option.name
    pages = readme + (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [name for name in SETTINGS if name not in pages] == []


def lines_of(page: Path) -> list[str]:
    """Give the command lines of a page: blocks of `sh`, and lines behind a `$` or a `#`."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    found += re.findall(r"^[$#] (loyalty-etl .*)$", text, re.MULTILINE)
    found += re.findall(r"`(loyalty-etl [^`…|]*)`", text)
    lines = "\n".join(found).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("loyalty-etl ")]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_named_is_one(page: Path) -> None:
    for line in lines_of(page):
        first = re.split(r"[;|&>#]|, ", re.sub(r"\[.*", "", line))[0]
        command: click.Command = cli
        words = shlex.split(first)[1:]
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        try:
            command.make_parser(click.Context(command)).parse_args(words)
        except click.NoSuchOption as error:
            pytest.fail(f"{line}: {error.format_message()}")
        except click.UsageError:  # an option named without its value
            pass


def test_the_made_pages_are_those_of_the_program() -> None:
    """If not: python -m pipelines.reference."""
    for page, text in made_pages().items():
        assert page.read_text(encoding="utf-8") == text, page.name


def test_every_word_of_a_feed_is_told_somewhere() -> None:
    text = (ROOT / "docs" / "reference-feeds.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` .* \| (.*) \|$", text, re.MULTILINE)
    assert len(rows) > 150
    assert [word for word, told in rows if not told] == []


def test_every_make_target_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= targets


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [item for items in project["optional-dependencies"].values() for item in items]
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for requirement in [*project["dependencies"], *extras]:
        assert re.split(r"[\[<>=~ ]", requirement)[0] in page, requirement


def test_the_methods_are_those_of_the_catalogue() -> None:
    """If not: python -m pipelines.describing."""
    _, mark, tables = describing.PAGE.read_text(encoding="utf-8").partition(describing.MARK)
    assert mark
    assert tables == "\n" + describing.page_tables()
