"""What came of one request, in words that hold for every platform."""

from dataclasses import dataclass, field
from enum import Enum


class Verdict(Enum):
    """What an answer, or its absence, says about the batch: it decides what happens next."""

    TAKEN = "taken"
    """A 2xx answer of the platform: accepted."""
    UNREACHED = "unreached"
    """Nothing left this machine: send it again."""
    BUSY = "busy"
    """429, nothing was taken: wait, send it again."""
    GATEWAY = "gateway"
    """502 in the documented envelope: back off, ask, send what is missing."""
    UNCLEAR = "unclear"
    """It may have been stored, whole or in part: in doubt."""
    REFUSED = "refused"
    """A definite no; nothing of it was taken: bisect."""
    PARKED = "parked"
    """No for now, through no fault of the record's (422, quarantine): nothing was taken."""
    TOO_LARGE = "too large"
    """413, nothing was taken: send less at a time."""
    FORBIDDEN = "forbidden"
    """401 or 403, no to everything: stop."""


TAKEN_IN = "taken in, not done: not seen at the platform yet"
"""Why a yes is none yet."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request came to.

    Attributes:
        verdict: decides what happens next.
        status: the HTTP status, None where no answer came.
        reason: one line, masked; empty for a plain success.
        seconds: from call to last byte.
        wait: seconds the platform asked to wait, None if it did not say.
        ids: ids of records that the answer names: at fault (`REFUSED`), or taken (`TAKEN`).
        places: positions in the request, from 0, that the answer names as at fault.
        repeats: a refusal as a second request gets one after the first has landed.
        names_taken: a 2xx answer that lists what it took; what it does not list is in doubt.
    """

    verdict: Verdict
    status: int | None = None
    reason: str = ""
    seconds: float = 0.0
    wait: float | None = None
    ids: frozenset[str] = field(default=frozenset(), repr=False)  # personal data at times
    places: frozenset[int] = frozenset()
    repeats: bool = False
    names_taken: bool = False


class Found(Enum):
    """What the platform says about one record that is in doubt."""

    LANDED = "landed"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """Asking came to nothing, or what it came to decides nothing."""
    UNASKABLE = "unaskable"
    """Nobody can ask about this record: a receipt without a customer, say."""


__all__ = ["TAKEN_IN", "Found", "Reply", "Verdict"]
