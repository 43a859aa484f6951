"""Learning the platform's ids of the members that were loaded."""

from collections.abc import Sequence

from pipelines.id_map import learn_ids
from pipelines.migration.asking import MigrationStopped
from pipelines.migration.words import PlannedFeed
from pipelines.progress import Progress, several


def learn(feeds: Sequence[PlannedFeed], progress: Progress) -> tuple[str, dict[str, int]]:
    """Learn the ids of the members of these feeds, those merged into others among them.

    Returns:
        What was learned, in words and in numbers.

    Raises:
        ApiError: the platform cannot be asked.
        CannotWrite: the ids cannot be kept, or are being learned already.
        MigrationStopped: it was told to stop.
    """
    counts = {"members": 0, "new": 0, "unknown": 0, "conflicts": 0}
    for planned in feeds:
        try:
            told = learn_ids(planned.name, planned.feed, progress)
        except KeyboardInterrupt:
            raise MigrationStopped from None
        counts["members"] += told.members
        counts["new"] += told.new
        counts["unknown"] += told.unknown
        counts["conflicts"] = told.conflicts
    line = f"{several(counts['members'], 'member')}, {counts['unknown']:,} of them unknown there"
    line += f", {counts['conflicts']:,} in conflict" if counts["conflicts"] else ""
    return line, counts


__all__ = ["learn"]
