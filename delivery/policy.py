"""How patiently and how carefully a feed is delivered."""

from dataclasses import dataclass
from typing import Literal

Doubt = Literal["ask", "resend", "hold"]
"""What is done about records that may or may not have been stored."""
Changed = Literal["resend", "hold", "reject"]
"""What is done about a record that was delivered before with other content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of one delivery; times are in seconds.

    Attributes:
        in_flight: requests at once, at most.
        ahead: requests written down as sent for each of these, so that one commit serves several.
            As many may be in doubt after the process was killed.
        attempts: how often one batch is sent in one go, at most.
        first_wait: the back-off before the second try; it doubles with each, under full jitter.
        longest_wait: the back-off at most.
        longest_asked_wait: how much of a Retry-After is honoured.
        deadline: how long the feed goes on without any answer that gets it further.
        breaker_failures: failures in a row after which nothing is sent for a while.
        breaker_rest: how long that is.
        in_doubt: what is done about records in doubt.
        settle: how long the platform may still be at work on a request whose answer was lost.
        idempotent: sending a record twice is the same as sending it once.
        max_rejects: records that the platform may refuse before sending stops; None for no limit.
        max_reject_percent: the same in percent of those answered, once 100 are.
        max_rejects_in_a_row: the same without one accepted between them.
        extra_requests: requests spent on finding bad records in refused batches, at most.
        ordered: records of one customer are never in two requests at once, nor overtake.
        drain: how long requests in flight are waited for when told to stop.
    """

    in_flight: int = 4
    ahead: int = 1
    attempts: int = 8
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_asked_wait: float = 300.0
    deadline: float = 900.0
    breaker_failures: int = 5
    breaker_rest: float = 30.0
    in_doubt: Doubt = "ask"
    settle: float = 30.0
    idempotent: bool = False
    max_rejects: int | None = None
    max_reject_percent: float | None = None
    max_rejects_in_a_row: int | None = None
    extra_requests: int = 2000
    ordered: bool = False
    drain: float = 5.0


__all__ = ["Changed", "Doubt", "Policy"]
