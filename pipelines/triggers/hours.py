"""The Dagster schedules: the hours of a feed, and the night that waits for late files."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG

from pipelines.assets import feed_assets
from pipelines.feeds import ExportFeed, LoadFeed
from pipelines.feeds.reading import NIGHTLY
from pipelines.feeds.triggers import Nightly, Schedule
from pipelines.triggers.days import behind
from pipelines.triggers.night import Night, begin_of, look_at_night, waits_until

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as Job,
    )

__all__ = [
    "MISSING",
    "NIGHT",
    "assets_of",
    "feed_schedules",
    "night_requests",
    "nightly_schedule",
]

NIGHT, MISSING = "loyalty-etl/night", "loyalty-etl/missing"
"""Tags of a run: which night it is, and which files it went on without."""
OFF = "Off until it is switched on."
_EVERY = 5
"""Minutes between two looks for a late file."""


def feed_schedules(
    name: str, feed: LoadFeed | ExportFeed, job: "Job"
) -> list[dg.ScheduleDefinition]:
    """Give the schedule of a feed that has hours of its own; an export by day has some always."""
    words = feed.schedule
    if words is None and isinstance(feed, ExportFeed) and feed.partitions:
        words = Schedule(cron="0 4 * * *", zone=feed.partitions.zone)
    if words is None:
        return []

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=words.cron,
        execution_timezone=words.zone,
        description=f"{words.cron} in {words.zone}. {OFF}",
    )
    def hours(
        context: dg.ScheduleEvaluationContext,
    ) -> Iterator[dg.RunRequest]:
        now = context.scheduled_execution_time.astimezone(UTC)
        for day in _days(name, feed, now):
            yield dg.RunRequest(run_key=f"{now:%Y-%m-%d %H:%M} {day or ''}", partition_key=day)

    return [hours]


def _days(name: str, feed: LoadFeed | ExportFeed, now: datetime) -> list[str | None]:
    """Give the days of a tick: those behind, then the newest; None of a feed without days."""
    if feed.partitions is None:
        return [None]
    if isinstance(feed, ExportFeed):
        return [feed.partitions.asked(now).first.isoformat()]
    days = [*behind(name, feed, now), feed.partitions.newest_day(now)]
    return [day.isoformat() for day in days]


def nightly_schedule(job: "Job", words: Nightly) -> dg.ScheduleDefinition:
    """Give the schedule of the nightly job.

    Where files are waited for, it looks again every five minutes until the last of them is due;
    once the run of a night has begun, the later looks pass.
    """
    lines = _cron_lines(words, datetime.now(UTC))

    @dg.schedule(
        name=NIGHTLY,
        job=job,
        cron_schedule=lines[0] if len(lines) == 1 else lines,
        execution_timezone=words.zone,
        description=f"Every night at {words.at}. Off until it is switched on in the UI.",
    )
    def nightly(
        context: dg.ScheduleEvaluationContext,
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        night = look_at_night(context.scheduled_execution_time.astimezone(UTC))
        mine = dg.RunsFilter(job_name=NIGHTLY, tags={NIGHT: night.name})
        if context.instance.get_runs_count(mine):
            yield dg.SkipReason(f"the run of the night of {night.name} has begun")
        elif night.awaited:
            told = "; ".join(
                f"{each.feed}: {each.what} (until {each.due.astimezone(night.begins.tzinfo):%H:%M})"
                for each in night.awaited
            )
            yield dg.SkipReason(f"waits for {told}")
        else:
            yield from night_requests(night)

    return nightly


def night_requests(night: Night) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for the runs of a night: one for each day that is behind, then the night's own."""
    missing = "; ".join(f"{each.feed}: {each.what}" for each in night.missing)
    *earlier, last = night.runs()
    for day, feeds in earlier:
        told = f"{night.name}, for {day}"
        yield dg.RunRequest(
            run_key=told, asset_selection=assets_of(feeds), tags={NIGHT: told, **tag_of_day(day)}
        )
    day, feeds = last
    tags = {NIGHT: night.name, **tag_of_day(day), **({MISSING: missing} if missing else {})}
    if feeds:
        yield dg.RunRequest(run_key=night.name, asset_selection=assets_of(feeds), tags=tags)
    else:
        yield dg.SkipReason(f"nothing to run: {missing}")


def tag_of_day(day: date | None) -> dict[str, str]:
    """Say to Dagster which partition a run is for, where it has any."""
    return {PARTITION_NAME_TAG: day.isoformat()} if day else {}


def assets_of(feeds: Iterable[str]) -> list[dg.AssetKey]:
    """Name the assets of some feeds."""
    return [asset for name in feeds for asset in feed_assets(name)]


def _cron_lines(words: Nightly, now: datetime) -> list[str]:
    """Give the times of day at which the night is looked at: its begin, then until it waits."""
    hour, minute = words.at.split(":")
    lines = [f"{int(minute)} {int(hour)} * * *"]
    last = waits_until(now)
    if last is None:
        return lines
    begins = begin_of(words, now)
    minutes: dict[int, list[int]] = {}
    at = begins + timedelta(minutes=_EVERY)
    while at < last:
        minutes.setdefault(at.hour, []).append(at.minute)
        at += timedelta(minutes=_EVERY)
    there = last.astimezone(begins.tzinfo)
    minutes.setdefault(there.hour, []).append(there.minute)
    lines += [f"{','.join(map(str, each))} {hour} * * *" for hour, each in minutes.items()]
    return lines
