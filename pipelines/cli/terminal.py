"""The progress line on stderr."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from pipelines.progress import Progress, Reporter, count


class TerminalReporter(Reporter):
    """Keeps one line up to date on a terminal; elsewhere prints a line every ten seconds."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._live = sys.stderr.isatty()
        self.seconds = 0.2 if self._live else 10.0

    @contextmanager
    def following(self, log: Callable[[str], None]) -> Iterator[Progress]:  # noqa: ARG002  (Reporter's signature)
        """Give the progress function of one step."""
        started = last = time.monotonic()
        before: tuple[int, int] | None = None

        def progress(
            step: str,
            done: int,
            total: int,
            rows: int,
            rejects: int,
            *,
            in_doubt: int | None = None,
        ) -> None:
            nonlocal last, before
            if before is None:  # what a load that goes on had done before is no speed of today
                before = (0, 0) if in_doubt is None else (done, rows)
            now = time.monotonic()
            if not self._silent and now - last >= self.seconds:
                last = now
                told = count(rows, rejects, in_doubt)
                rate = speed(done, total, rows, seconds=now - started, before=before)
                self._show(f"{step}: {told}, {rate}")

        try:
            yield progress
        finally:
            if self._live and not self._silent:
                click.echo("\r\x1b[2K", nl=False, err=True)

    def _show(self, line: str) -> None:
        click.echo(f"\r\x1b[2K{line}" if self._live else line, nl=not self._live, err=True)


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Have SIGTERM end a command as Ctrl-C does, so that what it wrote for itself is removed.

    Raises:
        Abort: it came.
    """

    def stop(*_: object) -> None:
        raise click.Abort

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def plain(text: str, width: int = 0) -> str:
    """Make a text of a source fit to be printed: one line, nothing that moves the cursor.

    Args:
        text: any.
        width: characters it may have, 0 for any number.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f"{text[: width - 1]}…" if width and len(text) > width else text


def speed(
    done: int, total: int, rows: int, *, seconds: float, before: tuple[int, int] = (0, 0)
) -> str:
    """Say how many rows a second, how much is done, and what time is left.

    Args:
        done: as in `Progress`.
        total: likewise.
        rows: likewise.
        seconds: since the step began.
        before: `done` and `rows` when it began.
    """
    rate = (rows - before[1]) / seconds if seconds else 0
    line = f"{rate:,.0f} rows/s"
    if total and done:
        line += f", {100 * done / total:.0f} %"
        if done > before[0]:
            left = max(0, round(seconds * (total - done) / (done - before[0])))
            line += f", ETA {left // 60}:{left % 60:02}"
    return line
