"""What the guessing hands from part to part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Target = Literal["members", "receipts"]
LOW = 0.7
"""A match below this confidence is marked, so that a person looks at it."""
LEFT, OWN, FULL, CLOCK = ":left", ":own", ":full", ":clock"
"""What a column may be beside a field: not sent, a property of its own, first and last name in one,
the time of day that goes with a date."""
CHOSEN = "chosen by a person"
UNKNOWN = 0.6
"""How sure it is that a column whose name and values say nothing is no known field."""


class GuessError(Exception):
    """A file of which nothing can be guessed. The message is one line: what, and what to do."""


@dataclass(frozen=True)
class Trailer:
    """A last line that is no record.

    Attributes:
        cells: what stands in it.
        delimiter: what stands between them.
        rows: the rows above it; None where only a part of them was read.
    """

    cells: Sequence[str]
    delimiter: str
    rows: int | None


@dataclass(frozen=True)
class Layout:
    """How a file is written.

    Attributes:
        format: as in the feed's word `format`.
        words: the words of `source` beside `path` and `format`.
        why: the evidence, for a word or for `format`.
        control: the words of `control`.
        questions: what could not be decided.
        trailer: the last line, if it is no record.
    """

    format: str
    words: Mapping[str, object] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    control: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    trailer: Trailer | None = None


@dataclass(frozen=True)
class Table:
    """Sampled rows, column by column; a list inside a record makes a row for each of its items.

    Attributes:
        columns: name or path → the values of all rows; "" where there is none.
        record: the ordinal of the record that a row belongs to.
        inside: the columns that stand inside `items`.
        breaks: the rows before which the file was not read.
    """

    columns: Mapping[str, Sequence[str]]
    record: Sequence[int] = ()
    inside: frozenset[str] = frozenset()
    breaks: frozenset[int] = frozenset()

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values()), ()))


@dataclass(frozen=True)
class Match:
    """What one column is taken for.

    Attributes:
        column: the source's name or path of it.
        fields: the wire names it feeds; none where it is not sent.
        confidence: from 0 to 1.
        why: the evidence, without any value of the file.
        mapped: for each wire name the YAML text behind it; empty for the column's name alone.
        left_out: why the column is not sent.
    """

    column: str
    fields: tuple[str, ...]
    confidence: float
    why: str
    mapped: Mapping[str, str] = field(default_factory=dict)
    left_out: str = ""


@dataclass(frozen=True)
class Guess:
    """All that was found out about a file.

    Attributes:
        path: the file as the feed names it.
        name: a name for the feed.
        target: what its records are.
        target_confidence: from 0 to 1.
        layout: how the file is written.
        values: the words of `values`.
        values_why: the evidence for them.
        matches: one for each column, in the file's order.
        added: wire names that no column feeds, with their YAML text.
        receipts: the words of `receipts`.
        questions: what a person must decide.
        answered: those of `added` that a person has given a text.
        description: what the feed is, in words of a person's.
    """

    path: str
    name: str
    target: Target
    target_confidence: float
    layout: Layout
    values: Mapping[str, object]
    values_why: Mapping[str, str]
    matches: tuple[Match, ...]
    added: Mapping[str, str]
    receipts: Mapping[str, object]
    questions: tuple[str, ...]
    answered: frozenset[str] = frozenset()
    description: str = ""
