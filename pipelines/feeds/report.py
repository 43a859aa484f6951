"""The words of an export that reads a report."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.feeds.block import Words, fault
from pipelines.feeds.delivery import Breaker, Retries
from pipelines.feeds.window import Window, WindowError

PLACES = ("{from}", "{until}")


class Report(Words):
    """Which report to read, and how.

    `parameters` may hold `{from}` and `{until}`, which `window` fills. `recheck` is how many pages
    are asked for again at the end to see that nothing moved, or `all`; `restarts` how often all is
    read again where something did; `on_incomplete` what is done where it can't be proven even so.
    """

    type: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    parameters: dict[str, str] = {}
    window: Window | None = None
    rows_page: Annotated[int, Field(ge=1, le=10_000)] = 1000
    rows_property: str = "auto"
    in_flight: Annotated[int, Field(ge=1, le=64)] = 4
    max_pages: Annotated[int, Field(ge=1)] = 100_000
    recheck: Annotated[int, Field(ge=0)] | Literal["all"] = 3
    restarts: Annotated[int, Field(ge=0, le=10)] = 2
    on_incomplete: Literal["fail", "publish"] = "fail"
    retries: Retries = Retries()
    breaker: Breaker = Breaker()

    @model_validator(mode="after")
    def _filled(self) -> Self:
        if ours := {"page", "rowsPage"} & {*self.parameters}:
            raise fault("is set for each page; leave it out", f"parameters.{min(ours)}")
        if self._places and self.window is None:
            raise fault(f"parameters hold {' and '.join(self._places)}: say `window`", "window")
        if self.window is not None and not self._places:
            raise fault(
                "nothing is filled from it: write {from} or {until} in `parameters`", "window"
            )
        return self

    @property
    def _places(self) -> list[str]:
        return [p for p in PLACES if any(p in value for value in self.parameters.values())]

    def fill(self, now: datetime, since: str = "", until: str = "") -> dict[str, str]:
        """Give the parameters as they are sent.

        Args:
            now: with a zone.
            since: the begin of the window, instead of its own.
            until: its end, likewise.

        Raises:
            WindowError: one is no time, the window holds nothing, or there is none.
        """
        if self.window is None:
            if since or until:
                raise WindowError(
                    f"report {self.type} has no window: say `window`, and {{from}} or {{until}}"
                    " in its parameters"
                )
            return self.parameters
        filled = self.window.fill(now, since, until)
        return {
            name: value.replace("{from}", filled["from"]).replace("{until}", filled["until"])
            for name, value in self.parameters.items()
        }
