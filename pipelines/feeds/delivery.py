"""The words of a feed that say how its records are delivered."""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.feeds.block import Words

Seconds = Annotated[float, Field(ge=0, le=86_400, strict=False)]
Count = Annotated[int, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100, strict=False)]


class Retries(Words):
    """How often and how long a request that came to nothing is tried again; times in seconds."""

    attempts: Annotated[int, Field(ge=1, le=100)] = 8
    first_wait: Seconds = 1.0
    longest_wait: Seconds = 60.0
    longest_asked_wait: Seconds = 300.0
    deadline: Seconds = 900.0


class Breaker(Words):
    """After how many failures in a row the whole feed rests, and for how many seconds."""

    failures: Annotated[int, Field(ge=1)] = 5
    rest: Seconds = 30.0


class StopAfter(Words):
    """How many records the platform may refuse before sending stops; no limit where not given."""

    rejects: Count | None = None
    percent: Percent | None = None
    in_a_row: Count | None = 200


class Delivery(Words):
    """How each record is delivered once.

    `changed`: what is done about a record that was delivered before with other content; `in_doubt`:
    what is done about records that may or may not have landed. Where they are not given, receipts
    are held and asked about, members are sent again. `settle` is how many seconds the platform may
    still be at work on a request whose answer was lost. `order: customer` keeps the records of one
    customer in the order of the source. `extra_requests` may be spent on finding bad records.
    """

    key: list[str] = []
    changed: Literal["resend", "hold", "reject"] | None = None
    in_doubt: Literal["ask", "resend", "hold"] | None = None
    settle: Seconds = 30.0
    order: Literal["none", "customer"] = "none"
    retries: Retries = Retries()
    breaker: Breaker = Breaker()
    stop_after: StopAfter = StopAfter()
    extra_requests: Count = 2000
