"""Telling how far a long step is."""

from typing import Protocol


class Progress(Protocol):
    """Called often: cheap, never raises."""

    def __call__(self, step: str, done: int, total: int, rows: int, rejects: int) -> None:
        """Say where a step is.

        Args:
            step: a word for a person: `reading`, `sending`, `fetching`.
            done: how much of `total` is done, in whatever unit the step counts.
            total: all there is to do; 0 where nobody knows.
            rows: rows or records so far.
            rejects: rejected rows so far.
        """


def quiet(step: str, done: int, total: int, rows: int, rejects: int) -> None:
    """Tell nobody."""
