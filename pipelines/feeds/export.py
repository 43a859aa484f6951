"""The words of a feed that ends in Parquet."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pipelines.feeds.alerting import Alerts
from pipelines.feeds.block import Minutes, Profile, fault
from pipelines.feeds.read import Read
from pipelines.feeds.report import Report
from pipelines.feeds.table import Table
from pipelines.feeds.triggers import Schedule
from pipelines.feeds.watching import Freshness, Partitions, RowsDeviation


class ExportFeed(Table):
    """A feed that ends in Parquet: where its rows are read, and the table that they become."""

    description: str = ""
    profile: Profile = ""
    after: list[str] = []
    report: Report | None = None
    read: Read | None = None
    keep_versions: Annotated[int, Field(ge=1)] = 5
    schedule: Schedule | None = None
    partitions: Partitions | None = None
    freshness: Freshness | None = None
    rows_deviation: RowsDeviation | None = None
    alerts: Alerts = Alerts()
    timeout_minutes: Minutes | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.report is not None and self.read is not None:
            raise fault("an export has one of `report` and `read`, not both", "read")
        if self.report is None and self.read is None:
            raise ValueError("needs `report`, or `read` for a method without pages")
        if self.read and self.read.since and self.layout.mode == "append":
            raise fault(
                "mode append would keep what comes again: take merge, with a `key`", "layout"
            )
        return self

    @model_validator(mode="after")
    def _by_day(self) -> Self:
        """A day that is read must be the day that its rows lie under."""
        days, layout = self.partitions, self.layout
        if days is None:
            return self
        if self.report is None or self.report.window is None:
            raise fault("needs `report.window`, which each day fills", "partitions")
        if not layout.partition_by or layout.partition != "day":
            raise fault("needs `layout.partition_by`, and its partition `day`", "partitions")
        if layout.partition_by not in self.required:
            raise fault(
                f"needs {layout.partition_by} among `required`: no row without a day", "partitions"
            )
        if {days.zone} != {layout.zone, self.report.window.zone}:
            raise fault("needs the same zone in `layout` and in `report.window`", "partitions")
        if layout.mode != "replace" or layout.delta or self.lists == "table":
            raise fault(
                "goes with `layout.mode: replace`, without delta and without child tables",
                "partitions",
            )
        return self

    @property
    def reads(self) -> str:
        """The method that it reads, such as `GET /reports/transactions`."""
        asks = self.asks
        return asks.endpoint if isinstance(asks, Read) else f"GET /reports/{asks.type}"

    @property
    def asks(self) -> Report | Read:
        """The words of what it reads, whichever it is."""
        asks = self.report or self.read
        assert asks is not None
        return asks

    @property
    def behind(self) -> list[str]:
        """The feeds that come before it: those told, and whose export names whom to ask about."""
        over = self.read.over if self.read else None
        named = [over.export] if over and over.export else []
        return [*dict.fromkeys([*self.after, *named])]
