"""The nightly job: members, then their receipts, then the reports; the assets say in what order."""

from collections.abc import Collection

import dagster as dg

from pipelines.feeds.reading import NIGHTLY
from pipelines.triggers.hours import nightly_schedule
from pipelines.triggers.night import read_nightly


def build_nightly(left_out: Collection[str] = ()) -> dg.Definitions:
    """Give the job and its schedule.

    Args:
        left_out: feeds that are no part of it (`pipelines.triggers.night.stands_apart`).
    """
    everything: dg.AssetSelection = dg.AssetSelection.all()
    nightly = dg.define_asset_job(
        NIGHTLY,
        selection=everything - dg.AssetSelection.groups(*left_out) if left_out else everything,
        description="Every feed but those that delete customers: members before their receipts,"
        " reports last.",
    )
    return dg.Definitions(jobs=[nightly], schedules=[nightly_schedule(nightly, read_nightly())])
