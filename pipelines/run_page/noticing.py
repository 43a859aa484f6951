"""What a load notices on the way, for its page: columns, and causes of rejects; no value."""

from pathlib import Path

from pipelines.feeds import LoadFeed
from pipelines.loading import Prepared, prepare
from pipelines.noting import Notes
from pipelines.progress import Progress
from pipelines.run_page.causes import VALUES, write_causes
from pipelines.run_page.profiling import PROFILE, Profiler, write_profile
from pipelines.validating import tell_causes

__all__ = ["prepare_noticing"]

SAMPLES = 3


def prepare_noticing(
    feed: LoadFeed, source: Path, folder: Path, run: str, progress: Progress, *, told_as: str
) -> Prepared:
    """Prepare a source (`pipelines.loading.prepare`), and write down what was noticed beside it.

    Raises:
        SourceError: the source cannot be read to its end, or holds nothing.
        OSError: the folder cannot be written.
    """
    profiler, notes = Profiler(feed), Notes(VALUES)
    done = prepare(
        *(feed, source, folder, run, progress),
        told_as=told_as,
        notice=notes.take,
        look=profiler.take,
    )
    write_profile(folder / PROFILE, profiler.tell())
    causes = tell_causes(
        *(feed, source, told_as, notes), rows=done.rows, samples=SAMPLES, masked=True
    )
    if causes:
        write_causes(folder, causes)
    return done
