"""What is known of a feed, and what can be the matter with it."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.exports.manifest import Manifest
from pipelines.feeds import ExportFeed, LoadFeed
from pipelines.feeds.alerting import Cause
from pipelines.runs import Summary
from pipelines.triggers.late import Overdue

__all__ = ["Condition", "FeedFacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is the matter with a feed.

    Attributes:
        feed, cause: what it is known by; the feed is empty where it is about all of them.
        text: it, in one line.
        command: to run next.
        since: when it began, UTC, ISO 8601.
        counts: what it is about, in numbers.
        run_id, environment, profile: the run that showed it, and into which account.
        to: who is told, as the feed says; empty for whoever is told of everything.
    """

    feed: str
    cause: Cause
    text: str
    command: str
    since: str
    counts: Mapping[str, int] = field(default_factory=dict)
    run_id: str = ""
    environment: str = ""
    profile: str = ""
    to: Sequence[str] = ()

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.feed}/{self.cause}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFacts:
    """What is known of one feed.

    Attributes:
        name, path: its name, and its YAML where it lies elsewhere.
        words: its words; None if they cannot be read, `broken` then says why.
        runs: its runs, the latest first, without dry ones.
        idle: runs whose load is unfinished while nobody is at work on it, and when it began,
            oldest first.
        dead: runs that began, never ended, and have been silent for long.
        doubts: records in doubt, by run, of loads that nobody is at work on.
        manifest: what the version says of itself that the last run has published.
        overdue: files that should be there and are not.
    """

    name: str
    path: str = ""
    words: LoadFeed | ExportFeed | None = None
    broken: str = ""
    runs: Sequence[Summary] = ()
    idle: Mapping[str, str] = field(default_factory=dict)
    dead: Collection[str] = ()
    doubts: Mapping[str, int] = field(default_factory=dict)
    manifest: Manifest | None = None
    overdue: Sequence[Overdue] = ()

    @property
    def word(self) -> str:
        """The feed as a command names it."""
        return shlex.quote(self.path or self.name)

    @property
    def again(self) -> str:
        """The command that runs it."""
        export = isinstance(self.words, ExportFeed)
        return f"loyalty-etl {'export' if export else 'run'} {self.word}"
