"""The nightly job: members, then their receipts, then the reports; the assets say in what order."""

from collections.abc import Collection

import dagster as dg

from pipelines.feeds.reading import NIGHTLY


def build_nightly(left_out: Collection[str] = ()) -> dg.Definitions:
    """Give the job and its schedule.

    Args:
        left_out: feeds that are no part of it, since somebody must ask for them.
    """
    everything: dg.AssetSelection = dg.AssetSelection.all()
    nightly = dg.define_asset_job(
        NIGHTLY,
        selection=everything - dg.AssetSelection.groups(*left_out) if left_out else everything,
        description="Every feed but those that delete customers: members before their receipts,"
        " reports last.",
    )
    schedule = dg.ScheduleDefinition(
        name=NIGHTLY,
        job=nightly,
        cron_schedule="30 2 * * *",
        execution_timezone="Europe/Oslo",
        description="Every night at 02:30. Off until it is switched on in the UI.",
    )
    return dg.Definitions(jobs=[nightly], schedules=[schedule])
