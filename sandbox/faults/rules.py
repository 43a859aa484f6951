"""The words of a faults file, each kind of fault with its own.

A rule is a kind of fault, which requests it hits, and the words of its kind. What a word means,
with an example of every kind, is in docs/sandbox.md.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Stored = Literal["none", "all", "half"]
End = Literal["reset", "close"]
Ids = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1, strict=False)]


class Rule(BaseModel):
    """What all kinds share: which requests are hit, counted among those of `method` and `path`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    fault: str
    method: Literal["GET", "POST", "PUT", "DELETE"] | None = None
    path: Annotated[str, Field(pattern="^/")] | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    every: Count | None = None
    first: Count | None = None
    requests: Annotated[tuple[Count, ...], Field(min_length=1, strict=False)] | None = None
    after: Annotated[int, Field(ge=0)] = 0
    until: Count | None = None
    burst: Count = 1

    @model_validator(mode="after")
    def _choose_in_one_way(self) -> Self:
        ways = ("share", "every", "first", "requests")
        if sum(getattr(self, way) is not None for way in ways) > 1:
            raise ValueError(f"give one of {', '.join(ways)}, or none of them to hit every request")
        return self


class Busy(Rule):
    """429, one or several in a row."""

    retry_after: Seconds | Literal["none", "absurd"] = "none"
    retry_after_as: Literal["seconds", "date"] = "seconds"


class Answered(Rule):
    """An answer that does not tell what became of the request."""

    stored: Stored = "none"


class Echo(Rule):
    """A refusal that repeats the request: path, query and body."""

    status: Literal[400, 401, 403, 409, 422, 500] = 400


class Redirect(Rule):
    """302 to a login page."""

    location: Annotated[str, Field(min_length=1)] = "/login"


class DropBefore(Rule):
    """The connection ends before anything is stored."""

    end: End = "reset"


class DropAfter(Rule):
    """The batch is stored, then the connection ends; `cut` answers half before."""

    stored: Literal["all", "half"] = "all"
    end: End = "reset"


class Slow(Rule):
    """The answer comes a byte at a time."""

    seconds: Seconds


class Hang(Answered):
    """No answer until the seconds have passed."""

    seconds: Seconds


class Late(Rule):
    """The connection ends without an answer, and the batch is stored seconds later."""

    seconds: Seconds
    end: End = "close"


class Short(Rule):
    """200 that names only the first half of the receipts."""

    stored: Literal["all", "half"] = "half"


class WrongPage(Rule):
    """A page of a report that contradicts the others."""

    wrong: Literal[
        "repeated", "empty", "totals", "no_meta", "bare", "capped", "renamed", "text", "endless"
    ]
    pages: Annotated[tuple[Count, ...], Field(min_length=1, strict=False)] | None = None
    rows: Count = 10


class TooLarge(Rule):
    """413 above a number of records or bytes."""

    records: Count | None = None
    bytes: Count | None = None

    @model_validator(mode="after")
    def _name_a_limit(self) -> Self:
        if self.records is None and self.bytes is None:
            raise ValueError("give records or bytes")
        return self


class Poison(Rule):
    """A batch with one of these receipts or members, or a record with such an id, is refused."""

    ids: Ids | None = None
    one_in: Count | None = None
    status: Literal[400, 409, 422] = 400
    style: Literal[
        "string", "list", "paths", "object", "empty", "no_body", "html", "vague"
    ] = "list"  # fmt: skip
    names: Literal["all", "first"] = "all"

    @model_validator(mode="after")
    def _name_the_bad(self) -> Self:
        if (self.ids is None) == (self.one_in is None):
            raise ValueError("give ids or one_in")
        return self


class Quarantine(Rule):
    """422 for a customer: all, or those with these ids, phones or e-mails."""

    ids: Ids | None = None


# What a kind can hit at all, as the beginnings of "METHOD /path"; a rule can only narrow it.
_ANY = ("",)
_WRITES = ("POST ", "PUT ", "DELETE ")
_RECORDS = ("POST /transactions", "POST /import")
KINDS: dict[str, tuple[type[Rule], tuple[str, ...]]] = {
    "busy": (Busy, _ANY),
    "gateway": (Answered, _ANY),
    "error_500": (Answered, _ANY),
    "error_504": (Answered, _ANY),
    "html_503": (Answered, _ANY),
    "html_200": (Answered, _ANY),
    "echo": (Echo, _ANY),
    "redirect": (Redirect, _ANY),
    "unauthorized": (Rule, _ANY),
    "forbidden": (Rule, _ANY),
    "drop_before": (DropBefore, _ANY),
    "drop_after": (DropAfter, _ANY),
    "cut": (DropAfter, _ANY),
    "slow": (Slow, _ANY),
    "hang": (Hang, _ANY),
    "late": (Late, _WRITES),
    "short": (Short, ("POST /transactions",)),
    "wrong_page": (WrongPage, ("GET /reports/",)),
    "too_large": (TooLarge, _RECORDS),
    "poison": (Poison, _WRITES),
    "quarantine": (Quarantine, ("POST /customers", "PUT /customers")),
}
