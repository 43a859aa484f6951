"""The report of a run: one HTML page, which asks nothing of any other place and names nobody.

What a load notices for it on the way is `noticing`; all else is read from what the run has left.
"""

from pathlib import Path

from pipelines.failures import is_failure, keep_trace
from pipelines.runs import PAGE, Summary, read_summary
from pipelines.settings import state_dir

__all__ = ["NoRun", "is_quick", "keep_page", "page_of", "write_page"]

REQUESTS, ROWS = 5_000, 200_000
"""Of a load, and of an export, up to which a page is made within some tenths of a second."""


class NoRun(Exception):  # noqa: N818  (says what was met)
    """There is no such run. One line, with what to do."""


def page_of(run_id: str, feed: str = "") -> Path:
    """Say where the page of a run lies, or would lie; of one feed of it, if that is named."""
    return state_dir() / "runs" / run_id / feed / PAGE


def write_page(run_id: str, feed: str = "") -> Path:
    """Write the page of a run anew, readable by its owner only, and say where it lies.

    Args:
        run_id: the whole id.
        feed: one of its feeds; else all of them, on one page if there are several.

    Raises:
        NoRun: no summary of it is there.
        OSError: it cannot be written.
    """
    from pipelines.run_page.writing import write  # noqa: PLC0415  (a load needs none of it)

    return write(run_id, feed)


def is_quick(summary: Summary) -> bool:
    """Tell whether the page of a run is made in no time, so that each run may leave one."""
    return summary.requests <= REQUESTS and (summary.kind == "load" or summary.rows <= ROWS)


def keep_page(run_id: str, feed: str) -> None:
    """Leave the page of a run that has ended, if that is quick; nothing here ends a run."""
    summary = read_summary(run_id, feed)
    if summary is None or not is_quick(summary):
        return
    if summary.state == "running" or (summary.state == "prepared" and not summary.dry_run):
        return
    try:
        write_page(run_id, feed)
    except BaseException as error:
        if not is_failure(error):
            raise
        keep_trace(error, Path(summary.folder))
