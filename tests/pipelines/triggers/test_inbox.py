"""An inbox, by the command: real files, the real sandbox."""

import json
from pathlib import Path

import pytest

from pipelines.triggers.book import Book


@pytest.fixture
def inbox(project) -> Path:
    """A feed with an inbox of files that are whole at once."""
    folder = project.folder / "in"
    project.feed("members", "in/m.csv", inbox={"folder": str(folder), "stable_seconds": 0})
    folder.mkdir()
    return folder


def lying(folder: Path) -> dict[str, list[str]]:
    """Tell what lies where below an inbox, with RUN for ids of runs."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            parts = path.name.split(".")
            parts = ["RUN" if len(part) == 36 else part for part in parts]
            found.setdefault(str(path.parent.relative_to(folder)), []).append(".".join(parts))
    return found


def test_a_file_is_loaded_once_by_its_content(project, inbox, api, cli_here) -> None:
    project.write("in/a.csv", 1, 2)
    assert cli_here("inbox", "members").code == 0
    assert api.facts()["customers"] == 2
    sent = api.facts()["seen"]["POST /import"]
    project.write("in/b.csv", 1, 2)  # the same under another name
    project.write("in/a.csv", 1, 2, 3)  # another under the same name
    told = cli_here("inbox", "members")
    assert told.code == 0
    assert "loaded this content before, as a.csv" in told.out
    assert api.facts()["customers"] == 3
    assert api.facts()["seen"]["POST /import"] == sent + 1
    assert lying(inbox) == {"archive": ["a.RUN.csv", "a.RUN.csv", "b.RUN.again.csv"]}
    assert cli_here("inbox").out == "members: nothing there\n"
    assert [entry.name for entry in Book("members").last(9)] == ["a.csv", "a.csv"]
    modes = {path.stat().st_mode & 0o77 for path in Book("members").folder.rglob("*")}
    assert modes == {0}


@pytest.mark.usefixtures("api")
def test_a_bad_file_is_laid_aside_and_may_come_again(project, inbox, cli_here) -> None:
    project.write("in/a.csv", 1)
    (inbox / "b.csv").write_text("not,what\nit,should\n")
    assert cli_here("inbox", "members").code == 3
    assert lying(inbox) == {"archive": ["a.RUN.csv"], "failed": ["b.RUN.csv"]}
    (next((inbox / "failed").iterdir())).rename(inbox / "b.csv")
    assert cli_here("inbox", "members").code == 3  # it is tried again: the feed may be mended
    assert lying(inbox)["failed"] == ["b.RUN.csv"]


def test_a_platform_that_is_away_loses_no_file(project, inbox, api, cli_here, monkeypatch) -> None:
    project.write("in/a.csv", 1)
    with monkeypatch.context() as away:
        away.setenv("TRIGG_BASE_URL", "http://127.0.0.1:9/v4")
        told = cli_here("inbox", "members")
        assert told.code == 2
        assert "a.csv tried again at" in told.out
    (key,) = {path.name for path in (inbox / ".taken").iterdir()}
    assert lying(inbox) == {f".taken/{key}": ["a.csv"]}
    assert cli_here("inbox", "members").code == 0
    assert api.facts()["customers"] == 1
    assert lying(inbox) == {"archive": ["a.RUN.csv"]}


@pytest.mark.usefixtures("api")
def test_a_file_waits_for_its_marker(project, cli_here) -> None:
    folder = project.folder / "in"
    words = {"folder": str(folder), "pattern": "m_*.csv", "done": "marker"}
    project.feed("members", "in/m.csv", inbox=words)
    project.write("in/m_1.csv", 1)
    project.write("in/other.csv", 2)
    told = cli_here("inbox", "members", "--dry-run", "--json").json()
    assert told == {
        "feed": "members",
        "lying": {"m_1.csv": "waits for m_1.csv.done"},
        "taken": {},
        "last": {},
    }
    assert "m_1.csv waits for m_1.csv.done" in cli_here("inbox").out
    (folder / "m_1.csv.done").touch()
    told = cli_here("inbox", "--json")
    assert told.code == 0
    summary, rest = map(json.loads, told.out.splitlines())
    assert (summary["accepted_records"], rest["moved"][0]["name"]) == (1, "m_1.csv")
    assert lying(folder) == {".": ["other.csv"], "archive": ["m_1.RUN.csv"]}


@pytest.mark.usefixtures("api")
def test_a_file_that_grows_is_left_alone(project, cli_here) -> None:
    folder = project.folder / "in"
    project.feed("members", "in/m.csv", inbox={"folder": str(folder)})
    project.write("in/a.csv", 1)
    assert "a.csv is whole if nothing writes to it for " in cli_here("inbox").out
    assert lying(folder) == {".": ["a.csv"]}


@pytest.mark.usefixtures("inbox")
def test_without_an_account_nothing_is_taken(project, cli_here, monkeypatch) -> None:
    monkeypatch.setenv("TRIGG_API_KEY", "")
    project.write("in/a.csv", 1)
    assert cli_here("inbox", "members").code == 1
    assert lying(project.folder / "in") == {".": ["a.csv"]}
