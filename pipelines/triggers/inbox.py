"""Looking into an inbox: what is whole is taken, what has ended is moved away, one at a time.

Each step is written down before it is done, and doing it again does no harm:

1. the entry is written; from now on the file is taken, whatever becomes of its marker
2. the marker is removed
3. the file moves to `<folder>/.taken/<key>/<name>`, out of the way of the next one of its name
4. a run is asked for; as it begins it writes its id into the entry
5. its end is written into the entry, with the place
6. the file moves to `archive/` or `failed/`
7. the entry becomes one of those known
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from connectors.files import SourceError
from connectors.files.arrivals import Arrival, hash_file, move, stamp_or_none
from pipelines.comparing import target_of
from pipelines.feeds import LoadFeed
from pipelines.feeds.dated import day_in, is_dated
from pipelines.runs import now as now_text
from pipelines.runs import read_summary
from pipelines.settings import ledger_url, writing_account
from pipelines.triggers.book import Book, Taken, key_of
from pipelines.triggers.folder import folder_of, list_waiting, marker_of, put_in, whole_later
from pipelines.triggers.judging import RunState, Verdict, judge, wait_before

__all__ = ["Asked", "Look", "look"]

TAKEN = ".taken"


@dataclass(frozen=True)
class Asked:
    """A run that is to be started."""

    entry: Taken
    path: Path
    resume: bool

    @property
    def source(self) -> str:
        """What it reads; nothing where it goes on from its own records."""
        return "" if self.resume else str(self.path)


@dataclass
class Look:
    """What came of a look.

    Attributes:
        asked: the run to start, None if there is none now.
        moved: what was moved away.
        waits: what waits, by name, and for what.
    """

    asked: Asked | None = None
    moved: list[Taken] = field(default_factory=list)
    waits: dict[str, str] = field(default_factory=dict)


def look(
    name: str,
    feed: LoadFeed,
    state_of: Callable[[str], RunState],
    now: datetime,
    *,
    insists: bool = False,
) -> Look:
    """Move away what has ended, take the next file, and say which run is to be started.

    Args:
        name: of the feed.
        feed: one with an inbox.
        state_of: tells what Dagster knows of the run with a tag.
        now: with a zone.
        insists: whether a person asks, who overrules rests and cancellations.

    Raises:
        AccountError: there is no account, or production was not asked for; nothing is taken.
        InboxBusy: somebody else is looking.
        SourceError: the folder cannot be read, or a file cannot be moved.
    """
    target = target_of(feed, writing_account(feed.profile))
    desk = _Desk(name, feed, state_of, now, insists=insists)
    with desk.book.alone():
        desk.clear()
        if not desk.blocked:
            desk.take(target)
    return desk.seen


class _Desk:
    """One look, while nobody else looks."""

    def __init__(
        self,
        name: str,
        feed: LoadFeed,
        state_of: Callable[[str], RunState],
        now: datetime,
        *,
        insists: bool,
    ) -> None:
        assert feed.inbox is not None
        self.feed, self.words = feed, feed.inbox
        self.folder = folder_of(feed.inbox)
        self.book = Book(name)
        self.state_of, self.now, self.insists = state_of, now, insists
        self.seen = Look()
        self.blocked = False

    def clear(self) -> None:
        """Go on with what was taken, in order; the next is not begun before the last has ended."""
        for entry in self.book.open():
            if entry.ending:
                self._finish(entry)
            elif self._lies_ready(entry):
                self._go_on(entry)
            if self.blocked:
                return

    def take(self, target: str) -> None:
        """Take the first file that is whole and was not loaded before."""
        open_keys = {entry.key for entry in self.book.open()}
        for arrival in list_waiting(self.words):
            if why := self._unfit(arrival):
                self.seen.waits[arrival.name] = why
                continue
            try:
                content, stamp = hash_file(arrival.path)
            except SourceError as error:
                self.seen.waits[arrival.name] = str(error)
                continue
            key = key_of(content, target)
            if key in open_keys:
                self.seen.waits[arrival.name] = "the same content is being loaded"
                continue
            day = day_in(self.words.pattern, arrival.name)
            entry = Taken(
                key=key,
                name=arrival.name,
                content=content,
                size=stamp.size,
                mtime_ns=stamp.mtime_ns,
                taken=now_text(),
                day=day.isoformat() if day else "",
            )
            before = self.book.known(key)
            if before and before.ending == "loaded":
                why = f"run {before.run_id} loaded this content before, as {before.name}"
                entry = entry.add(ending="again", run_id=before.run_id, why=why)
                entry = entry.add(place=str(self._place(entry)))
            self.book.write(entry)
            self._put_by(entry)
            if entry.ending:
                self._finish(entry)
                continue
            self.seen.asked = Asked(entry, self._taken(entry), resume=False)
            return

    def _unfit(self, arrival: Arrival) -> str:
        """Say what a file still waits for; empty if it is whole."""
        words = self.words
        if self.feed.partitions and is_dated(words.pattern):
            day = day_in(words.pattern, arrival.name)
            if day is None or day < self.feed.partitions.start:
                return f"is of no day from {self.feed.partitions.start} on (`partitions.start`)"
        return whole_later(words, arrival, self.now)

    def _lies_ready(self, entry: Taken) -> bool:
        """See that a file that was taken lies where it belongs, as it was; else forget it."""
        if entry.begun:  # what its run has read lies in the run's own folder
            return True
        if not self._is_here(entry):
            self.book.drop(entry)
            return False  # whoever put it there has taken it away, or wrote it anew
        path = self._taken(entry)
        stamp = stamp_or_none(path)
        if stamp and (stamp.size, stamp.mtime_ns) == (entry.size, entry.mtime_ns):
            return True
        move(path, self.folder / entry.name)  # it is written to still: looked at anew
        self._tidy(entry)
        self.book.drop(entry)
        return False

    def _is_here(self, entry: Taken) -> bool:
        """Lay a file by that was written down but not laid by; tell whether it is there at all."""
        if stamp_or_none(self._taken(entry)) is not None:
            return True
        here = self.folder / entry.name
        with suppress(SourceError):
            if hash_file(here)[0] == entry.content:
                self._put_by(entry)
                return True
        return False

    def _go_on(self, entry: Taken) -> None:
        """Do what comes next about one file that was taken."""
        if self.book.is_loading(entry.key):
            self._wait(entry, "is being loaded")
            return
        summary = read_summary(entry.run_id, self.book.feed) if entry.run_id else None
        run = self.state_of(entry.tag)
        verdict = judge(
            entry,
            summary,
            run,
            has_load=lambda: _has_load(self.book.feed, entry.run_id),
            now=self.now,
            insists=self.insists,
        )
        match verdict.word:
            case "loaded" | "failed" as ending:
                entry = entry.add(ending=ending, why=verdict.why)
                self._finish(self.book.write(entry.add(place=str(self._place(entry)))))
            case "wait":
                self._wait(entry, verdict.why)
            case "doubt":
                self.seen.waits[entry.name] = verdict.why
            case "load" | "resume":
                self._ask(entry, verdict)

    def _ask(self, entry: Taken, verdict: Verdict) -> None:
        resume = verdict.word == "resume"
        if verdict.again:
            attempt = entry.attempt + 1
            rest = timedelta() if verdict.at_once else wait_before(attempt)
            entry = self.book.write(
                entry.add(
                    attempt=attempt,
                    not_before=(self.now + rest).isoformat() if rest else "",
                    run_id=entry.run_id if resume else "",
                    why=verdict.why or entry.why,
                )
            )
            if rest and not self.insists:
                when = (self.now + rest).astimezone().strftime("%H:%M")
                self._wait(entry, f"tried again at {when}: {verdict.why}")
                return
        self.seen.asked = Asked(entry, self._taken(entry), resume)
        self.blocked = True

    def _wait(self, entry: Taken, why: str) -> None:
        self.seen.waits[entry.name] = why
        self.blocked = True

    def _put_by(self, entry: Taken) -> None:
        """Remove the marker of a file that is written down, and lay it where its run reads it."""
        marker_of(self.folder, entry.name, self.words).unlink(missing_ok=True)
        move(self.folder / entry.name, self._taken(entry))

    def _finish(self, entry: Taken) -> None:
        """Move a file whose end is written down to its place."""
        if not Path(entry.place).exists():
            self._is_here(entry)
        if stamp_or_none(self._taken(entry)) is not None:
            move(self._taken(entry), Path(entry.place))
        self._tidy(entry)
        self.book.close(entry)
        self.seen.moved.append(entry)

    def _tidy(self, entry: Taken) -> None:
        with suppress(OSError):
            self._taken(entry).parent.rmdir()

    def _taken(self, entry: Taken) -> Path:
        return self.folder / TAKEN / entry.key / entry.name

    def _place(self, entry: Taken) -> Path:
        """Name the file by its run; one that no run has begun with by its content."""
        words = self.words
        folder = self.folder / (words.failed if entry.ending == "failed" else words.archive)
        run = entry.run_id or entry.key
        more = ".again" if entry.ending == "again" else ""
        for number in count(1):
            place = folder / put_in(entry.name, f"{run}{more}" + f"-{number}" * (number > 1))
            if not place.exists():
                break
        return place


def _has_load(feed: str, run_id: str) -> bool:
    """Tell whether the ledger has an unfinished load of a run."""
    from delivery.ledger import open_ledger  # noqa: PLC0415  (slow to import, and rarely needed)
    from pipelines.delivering import load_id  # noqa: PLC0415

    if not run_id:
        return False
    with open_ledger(ledger_url()) as ledger:
        load = ledger.find_load(load_id(run_id, feed))
        return load is not None and load.state == "open"
