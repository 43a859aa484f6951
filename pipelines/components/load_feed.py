"""A load feed as a Dagster component."""

from typing import Self

import dagster as dg
from pydantic import BaseModel, ConfigDict

from pipelines.assets import load_assets
from pipelines.components.naming import feed_file, feed_name
from pipelines.feeds import LoadFeed
from pipelines.feeds.reading import read_yaml
from pipelines.supervising.pools import job_tags
from pipelines.triggers.hours import feed_schedules
from pipelines.triggers.sensing import inbox_sensors


class AnyWords(BaseModel):
    """Any words at all."""

    model_config = ConfigDict(extra="allow")


class LoadFeedComponent(dg.Component):
    """Files to the API: assets `<feed>/prepared` and `<feed>/delivered`, a job, its triggers."""

    def __init__(self, name: str, feed: LoadFeed) -> None:
        self.name = name
        self.feed = feed

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """Let any words pass: `pipelines.feeds` judges them."""
        return AnyWords

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:  # noqa: ARG003  (dagster's signature)
        """Read the words again, with the files beside them that they name."""
        feed = read_yaml(feed_file(context))
        assert isinstance(feed, LoadFeed)
        return cls(feed_name(context), feed)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002  (dagster's signature)
        """Give the feed's assets, its job, its schedule and the sensor of its inbox."""
        selection = dg.AssetSelection.groups(self.name)
        job = dg.define_asset_job(
            self.name,
            selection,
            description=self.feed.description,
            tags=job_tags(self.name, self.feed.timeout_minutes),
        )
        return dg.Definitions(
            assets=load_assets(self.name, self.feed),
            jobs=[job],
            schedules=feed_schedules(self.name, self.feed, job),
            sensors=inbox_sensors(self.name, self.feed, job),
        )
