"""The words of the ledger: loads, entries, states, fates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal, Protocol

HASH = 16  # bytes of a key's or a content's hash (xxh3_128, big-endian)
PLACE = 4  # bytes of a place (uint32, little-endian)


QUARANTINE = "quarantine"
"""The cause of a batch that is unsent since the platform takes this person only later."""


class State(StrEnum):
    """How far a batch has come. `accepted` and `split` are final."""

    PLANNED = "planned"  # recorded, not sent
    SENDING = "sending"  # may have left
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"  # has left, and nobody knows what became of it
    UNSENT = "unsent"  # surely did not arrive, and is not tried again by this load
    SPLIT = "split"  # its records live on in child batches


class Fate(IntEnum):
    """What the ledger knows of a record that is about to be sent."""

    NEW = 0
    UNCHANGED = 1  # the target holds it, with this content
    CHANGED = 2  # the target holds it, with another content
    IN_DOUBT = 3  # another load sent it, and it is not known whether it arrived


@dataclass(frozen=True, slots=True)
class Load:
    """One delivery of one prepared source.

    Attributes:
        id: unique, never used again.
        feed: the feed's name.
        target: what is loaded: records of one target are compared with each other.
        folder: where the load's records lie.
        started: UTC, ISO 8601.
        finished: likewise; empty while open.
        state: `open` until its counts have been checked.
        counts: what was told to `Ledger.close`; empty while open.
    """

    id: str
    feed: str
    target: str
    folder: str
    started: str
    finished: str = ""
    state: Literal["open", "closed"] = "open"
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch: what it holds and what became of it.

    Attributes:
        load: the load's id.
        number: unique within the load; a child's is above its parent's.
        parent: number of the batch that was split, or None.
        state: see `State`.
        places: little-endian uint32 each: which records of the load.
        keys: 16 bytes each. Empty once folded, and after the load's end unless in doubt.
        contents: likewise.
        body_hash: of the request's body.
        attempts: requests made.
        status: HTTP status of the last answer, None without one.
        reason: why it was rejected or not sent, for a person.
        cause: what brought it into doubt, one word.
        doubted: it was in doubt at least once.
        sent_at: when the last request left, Unix seconds.
        seconds: how long the last answer took.
    """

    load: str
    number: int
    parent: int | None
    state: State
    places: bytes
    keys: bytes
    contents: bytes
    body_hash: bytes
    attempts: int = 0
    status: int | None = None
    reason: str = ""
    cause: str = ""
    doubted: bool = False
    sent_at: float | None = None
    seconds: float | None = None

    @property
    def records(self) -> int:
        """How many records it holds."""
        return len(self.places) // PLACE


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of a load is in one state."""

    batches: int
    records: int


@dataclass(frozen=True, slots=True)
class Learned:
    """What earlier loads found out about a target; None where they did not."""

    max_records: int | None = None
    records_per_second: float | None = None


class Journal(Protocol):
    """The part of a ledger that sending needs."""

    def write(self, added: Sequence[Entry] = (), changed: Sequence[Entry] = ()) -> None:
        """Make new batches, and changes of known ones, durable: all or none."""
