"""The nightly job: members, then their receipts, then the reports; the assets say in what order."""

import dagster as dg

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="Every feed: members before their receipts, reports last.",
)

nightly_schedule = dg.ScheduleDefinition(
    name="nightly",
    job=nightly,
    cron_schedule="30 2 * * *",
    execution_timezone="Europe/Oslo",
    description="Every night at 02:30. Off until it is switched on in the UI.",
)
