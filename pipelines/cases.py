"""What keeps rows from being sent, gathered by cause."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.feeds import LoadFeed


@dataclass(frozen=True)
class Case:
    """One cause of rejects.

    Attributes:
        feed: the words it was read with.
        name: the wire name at fault.
        columns: the source columns it is made of.
        code: what is wrong, such as `not-a-date`.
        message: the same in words.
        values: the values at fault → how many rows have each, the most frequent first.
        percent: the share of all rows that have it.
    """

    feed: LoadFeed
    name: str
    columns: tuple[str, ...]
    code: str
    message: str
    values: Mapping[str, int]
    percent: float

    @property
    def column(self) -> str:
        """The source column to be named in a suggestion."""
        return self.columns[0] if self.columns else "COLUMN"
