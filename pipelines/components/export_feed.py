"""An export feed as a Dagster component."""

from typing import Self

import dagster as dg
from pydantic import BaseModel

from pipelines.assets import last_asset
from pipelines.components.naming import feed_name
from pipelines.export_asset import export_assets
from pipelines.feeds import ExportFeed
from pipelines.supervising.pools import job_tags
from pipelines.triggers.hours import feed_schedules


class ExportFeedComponent(dg.Component):
    """The API to Parquet: an asset `<feed>/report`, a job `<feed>`, a schedule if it has hours."""

    def __init__(self, name: str, feed: ExportFeed) -> None:
        self.name = name
        self.feed = feed

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """Give the words of the YAML."""
        return ExportFeed

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Take the words as they are."""
        return cls(feed_name(context), ExportFeed.model_validate(attributes))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002  (dagster's signature)
        """Give the feed's asset and its job."""
        selection = dg.AssetSelection.groups(self.name)
        job = dg.define_asset_job(
            self.name,
            selection,
            description=self.feed.description,
            tags=job_tags(self.name, self.feed.timeout_minutes),
        )
        behind = [last_asset(other) for other in self.feed.behind]
        return dg.Definitions(
            assets=export_assets(self.name, self.feed, behind),
            jobs=[job],
            schedules=feed_schedules(self.name, self.feed, job),
        )
