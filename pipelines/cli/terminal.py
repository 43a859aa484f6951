"""The progress line on stderr."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from pipelines.progress import Progress, Reporter, Step


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
        before: Step | None = None

        def progress(step: Step) -> None:
            nonlocal last, before
            if before is None:  # what a load that goes on had done before is no speed of today
                before = Step(step.name) if step.in_doubt is None else step
            now = time.monotonic()
            if not self._silent and now - last >= self.seconds:
                last = now
                rate = speed(step, seconds=now - started, before=before)
                self._show(f"{step.name}: {step.counts}, {rate}")

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


def speed(step: Step, *, seconds: float, before: Step) -> str:
    """Say how many rows a second, how much is done, and what time is left.

    Args:
        step: where it is.
        seconds: since it began.
        before: where it was then.
    """
    rate = (step.rows - before.rows) / seconds if seconds else 0
    line = f"{rate:,.0f} rows/s"
    if step.total and step.done:
        line += f", {100 * step.done / step.total:.0f} %"
        if step.done > before.done:
            left = seconds * (step.total - step.done) / (step.done - before.done)
            minutes, rest = divmod(max(0, round(left)), 60)
            line += f", ETA {minutes}:{rest:02}"
    return line
