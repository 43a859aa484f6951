"""How a source writes its values: the words under `values`."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, model_validator

from pipelines.feeds.block import Name, Words

Phones = Literal["valid", "possible"]
Zip = Literal["text", "number"]
Decimal = Literal[".", ","]
Thousands = Literal[" ", ".", ",", "'"]
DIRECTIVES = "dmYyHIMSfpbBjz%"
"""What may follow a `%`; the names of months and `%p` are English."""
NAMED = ("iso", "excel", "epoch", "epoch_ms")


def _format(words: str) -> str:
    """Refuse a pattern of a date that nobody could read dates by."""
    if words in NAMED:
        return words
    unknown = [part for part in re.findall(r"%(.?)", words) if part not in tuple(DIRECTIVES)]
    if "%" not in words or unknown:
        raise ValueError(
            f"{', '.join(NAMED)}, or a pattern such as %d.%m.%Y of"
            f" {' '.join(f'%{letter}' for letter in DIRECTIVES)}"
        )
    parts = re.sub("%%", "", words)
    if not ("%Y" in parts or "%y" in parts) or not ("%j" in parts or "%d" in parts):
        raise ValueError("names no day: a pattern has %d, %m and %Y (or %y)")
    if "%d" in parts and not any(month in parts for month in ("%m", "%b", "%B")):
        raise ValueError("names no month: %m, %b or %B")
    if re.search(r"(?<!\.)%f", parts) or ("%I" in parts) != ("%p" in parts):
        raise ValueError("a fraction follows a dot (.%f), and %I goes with %p")
    return words


def _text(value: object) -> object:
    """Refuse what YAML took for a number, a date or a truth, and so may have lost a zero."""
    if isinstance(value, bool | int | float) or hasattr(value, "isoformat"):
        raise ValueError("must be text: put it in quotes")
    return value


DateFormat = Annotated[str, AfterValidator(_format)]
Text = Annotated[str, BeforeValidator(_text)]
FilledText = Annotated[Name, BeforeValidator(_text)]


def check_zone(zone: str) -> str:
    """Refuse a time zone that nobody knows."""
    if zone not in available_timezones():
        raise ValueError("not a time zone such as Europe/Oslo")
    return ZoneInfo(zone).key


def _region(code: str) -> str:
    """Refuse what is no country with phones."""
    import phonenumbers  # noqa: PLC0415  (slow to import, and few feeds name one)

    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("not a country such as NO, SE or DK")
    return code


class Style(Words):
    """How one field is written, where it differs from `values`."""

    decimal: Decimal | None = None
    thousands: Thousands | None = None
    date: DateFormat | None = None
    time: DateFormat | None = None

    @model_validator(mode="after")
    def _two_marks(self) -> Self:
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError("`decimal` and `thousands` cannot be the same mark")
        return self


class Values(Words):
    """How a source writes numbers, dates, times and truths.

    `date` and `time` are patterns such as `%d.%m.%Y`, `iso`, `excel` (serial days), `epoch` or
    `epoch_ms`. `true` and `false` are words beside the known ones. `time_zone` is that of times
    without one, where it is not the stores' (`receipts.time_zone`); `repeated_hour` says which is
    meant of the hour that comes twice when clocks go back. `clear` is the text that clears a field;
    null where none does. `region` is the country of phones without a country code, `phones` says
    which are taken (`valid` where there is a region), and `zip` how one is sent.
    """

    decimal: Decimal = "."
    thousands: Thousands | None = None
    date: DateFormat = "iso"
    time: DateFormat = "iso"
    true: list[FilledText] = []
    false: list[FilledText] = []
    time_zone: Annotated[str, AfterValidator(check_zone)] | None = None
    repeated_hour: Literal["first", "last", "reject"] = "first"
    clear: FilledText | None = "#N/A"
    region: Annotated[str, AfterValidator(_region)] | None = None
    phones: Phones | None = None
    zip: Zip | None = None

    @model_validator(mode="before")
    @classmethod
    def _words_of_yaml(cls, words: Any) -> Any:  # noqa: ANN401  (whatever the YAML holds)
        """Take the keys `true` and `false`, which YAML does not read as text."""
        if not isinstance(words, dict):
            return words
        return {str(k).lower() if isinstance(k, bool) else k: v for k, v in words.items()}

    @model_validator(mode="after")
    def _no_two_meanings(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("`decimal` and `thousands` cannot be the same mark")
        both = {word.casefold() for word in self.true} & {word.casefold() for word in self.false}
        if both:
            raise ValueError(f"{', '.join(sorted(both))} cannot be true and false at once")
        return self


def example(words: str) -> str:
    """Write an afternoon of January the way a pattern says."""
    moment = datetime(2024, 1, 31, 14, 50, 5, tzinfo=UTC)
    days = (moment.replace(tzinfo=None) - datetime(1899, 12, 30)).total_seconds() / 86_400  # noqa: DTZ001  (serial days have no zone)
    known = {
        "iso": "2024-01-31",
        "excel": f"{days:.4f}",
        "epoch": str(int(moment.timestamp())),
        "epoch_ms": str(int(moment.timestamp() * 1000)),
    }
    return known.get(words) or moment.strftime(words)
