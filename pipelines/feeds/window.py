"""The words of a window of time that parameters are filled from."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field

from pipelines.feeds.block import Words
from pipelines.feeds.values import check_zone

__all__ = ["Moment", "Window", "WindowError", "check_moment"]


class WindowError(ValueError):
    """No time, or a window that holds nothing. One line, with what to write."""


_DAYS = {"today": 0, "yesterday": 1}
_AGO = re.compile(r"(\d{1,5}) days? ago")


def check_moment(text: str) -> str:
    """Give a word for a point in time back.

    Raises:
        ValueError: it is none.
    """
    _find(text, datetime(2026, 1, 15, tzinfo=UTC))
    return text


Moment = Annotated[str, AfterValidator(check_moment)]
"""`today`, `yesterday`, `7 days ago` (each the beginning of that day), `now`, or ISO 8601."""


def _find(text: str, now: datetime) -> datetime:
    """Find a point in time, in the zone of `now`."""
    if text == "now":
        return now
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if text in _DAYS:
        return midnight - timedelta(days=_DAYS[text])
    if ago := _AGO.fullmatch(text):
        return midnight - timedelta(days=int(ago[1]))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise WindowError(
            f"{text!r} is no time: write 2026-03-01, 2026-03-01T08:00, today, yesterday,"
            " 7 days ago or now"
        ) from None
    return found.astimezone(now.tzinfo) if found.tzinfo else found.replace(tzinfo=now.tzinfo)


class Window(Words):
    """From when until when a report is asked for; by default the day before today.

    `zone` is whose days they are, and what times without a zone mean; `format` is how they are
    sent, in the signs of strftime.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    from_: Moment = Field("yesterday", alias="from")
    until: Moment = "today"
    zone: Annotated[str, AfterValidator(check_zone)] = "Europe/Oslo"
    format: Annotated[str, Field(pattern="%")] = "%Y-%m-%d"

    def fill(self, now: datetime, since: str = "", until: str = "") -> dict[str, str]:
        """Give `from` and `until` as they are sent.

        Args:
            now: with a zone.
            since: instead of `from`; as it is if empty.
            until: likewise.

        Raises:
            WindowError: one is no time, or the window ends before it begins.
        """
        here = now.astimezone(ZoneInfo(self.zone))
        first, last = _find(since or self.from_, here), _find(until or self.until, here)
        if first >= last:
            raise WindowError(
                f"a window from {since or self.from_} until {until or self.until}"
                " holds nothing: `until` is not in it, so it must be later"
            )
        return {"from": first.strftime(self.format), "until": last.strftime(self.format)}
