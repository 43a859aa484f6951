"""The bookkeeping of an inbox, killed before any step: nothing lost, nothing loaded twice.

The kill is an exception out of an audit hook, before the system does what it was asked for: a
file opened to be written, renamed or removed, a folder made. Real files, the real book; the run is
a small one that does what a real one does to the book. The real load is tried in test_inbox.
"""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.feeds import read_feed
from pipelines.feeds.triggers import Inbox
from pipelines.runs import Summary, now, write_summary
from pipelines.triggers.book import Book
from pipelines.triggers.claiming import at_work, begin_with
from pipelines.triggers.inbox import look
from pipelines.triggers.judging import NO_RUN

WRITES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}


class Killed(BaseException):
    """The process is gone."""


class Killer:
    """Ends the process before the step it is set to; counts down from there."""

    left = -1
    within = ""

    def hook(self, event: str, args: tuple[object, ...]) -> None:
        if self.left < 0:
            return
        writes = event in WRITES or (event == "open" and isinstance(args[2], int) and args[2] & 3)
        if writes and self.within in str(args[0]):
            if self.left == 0:
                self.left = -1
                raise Killed
            self.left -= 1


KILLER = Killer()


@pytest.fixture(scope="module", autouse=True)
def hooked() -> None:
    sys.addaudithook(KILLER.hook)  # stays until pytest ends; it does nothing unless it is set


class Shop:
    """An inbox, a platform that counts, and what was put there."""

    def __init__(self, folder: Path, done: str) -> None:
        self.inbox = folder / "in"
        self.inbox.mkdir()
        words = Inbox(folder=str(self.inbox), done=done, stable_seconds=0)
        self.feed = read_feed("members_csv").model_copy(update={"inbox": words})
        self.done = done
        self.loaded: Counter[str] = Counter()
        self.files = 0
        self.runs = 0

    def put(self, name: str, content: str) -> None:
        """Write a file anew, or over another one that nobody has taken."""
        path = self.inbox / name
        self.files += not path.exists()
        path.write_text(content)
        if self.done == "marker":
            (self.inbox / f"{name}.done").touch()

    def work(self, kill: int = -1) -> None:
        """Look, run, and look again until nothing is left, unless it is killed."""
        KILLER.left = kill
        try:
            while asked := look("f", self.feed, lambda _: NO_RUN, datetime.now(UTC)).asked:
                self.run(asked)
        except Killed:
            pass
        finally:
            KILLER.left = -1

    def run(self, asked) -> None:
        """Load one file: what begins with `bad` is a file that cannot be."""
        self.runs += 1
        tag, run_id = asked.entry.tag, f"run{self.runs}"
        with at_work("f", tag):
            begun = write_summary(Summary(run_id, "f", "load", started=now()))
            begin_with("f", tag, run_id)
            content = asked.path.read_text()
            if content.startswith("bad"):
                write_summary(begun.add(state="failed", error="bad", error_kind="run"))
                return
            write_summary(begun.add(state="finished", finished=now()))
            self.loaded[content] += 1  # the ledger's promise: with the summary, or not at all


names = st.sampled_from(["a.csv", "b.csv", "c.2026.csv.gz"])
contents = st.sampled_from(["one", "two", "three", "bad"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), names, contents),
        st.tuples(st.just("work"), st.integers(-1, 60), st.none()),
    ),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
@given(steps=steps, done=st.sampled_from(["stable", "marker"]))
def test_nothing_is_lost_and_nothing_is_loaded_twice(
    steps, done: str, make_folder, monkeypatch
) -> None:
    folder = make_folder("inbox")
    monkeypatch.setenv("LOYALTY_ETL_STATE", str(folder / "state"))
    KILLER.within = str(folder)
    shop = Shop(folder, done)
    expected: set[str] = set()
    for what, first, second in steps:
        if what == "put":
            lies = shop.inbox / first
            if lies.exists() and lies.read_text() != second:
                continue  # whoever writes over a file that nobody has taken has lost it himself
            shop.put(first, second)
            expected.add(second)
        else:
            shop.work(first)
    shop.work()
    assert shop.loaded == Counter(expected - {"bad"})
    left = [path for path in shop.inbox.rglob("*") if path.is_file()]
    assert {path.parent.name for path in left} <= {"archive", "failed"}
    assert {path.read_text() for path in left} == expected
    assert all((path.read_text() == "bad") == (path.parent.name == "failed") for path in left)
    assert len(left) <= shop.files
    book = Book("f")
    assert book.open() == []
    assert [*(folder / "state" / "inbox" / "f").rglob("*.new")] == []


def test_a_kill_before_each_step_of_one_file(make_folder, monkeypatch) -> None:
    """All of them, one after the other, until there is no step left to be killed before."""
    for done in ("stable", "marker"):
        for kill in range(200):
            folder = make_folder("each")
            monkeypatch.setenv("LOYALTY_ETL_STATE", str(folder / "state"))
            KILLER.within = str(folder)
            shop = Shop(folder, done)
            shop.put("a.csv", "one")
            KILLER.left = kill
            shop.work(kill)
            runs = shop.runs
            shop.work()
            assert shop.loaded == {"one": 1}, kill
            (left,) = [path for path in shop.inbox.rglob("*") if path.is_file()]
            assert left.parent.name == "archive"
            if runs and not [*(folder / "state" / "inbox" / "f" / "open").glob("*")] and kill > 30:
                break
        else:
            raise AssertionError("never came to its end")
