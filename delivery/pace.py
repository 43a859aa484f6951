"""How fast to send: requests at once, pauses, and the breaker of a whole feed."""

import random

from delivery.policy import Policy

_SHRINK_ONCE_IN = 1.0


class Pace:
    """Says how many requests may be in flight, and until when none may leave.

    Fewer after a 429 or a lost answer (half, at most once a second), one more after as many good
    answers as there may be in flight. A wait that the platform asks for holds for the whole feed,
    so no other request runs into the same wall. After some failures in a row the breaker opens:
    nothing leaves until it has rested, and then one request at first.

    Times are of one monotonic clock, in seconds, and given by the caller.
    """

    def __init__(self, policy: Policy) -> None:
        self.limit = policy.in_flight
        self.until = 0.0
        self.failures = 0
        self._policy = policy
        self._calm = 0
        self._shrunk = float("-inf")

    @property
    def open(self) -> bool:
        """Whether the breaker has opened and no good answer has closed it."""
        return self.failures >= self._policy.breaker_failures

    def allowed(self, now: float) -> int:
        """Say how many requests may be in flight now."""
        if now < self.until:
            return 0
        return 1 if self.open else self.limit

    def answered(self) -> None:
        """Count an answer that shows the platform at work: taken, or refused for its content."""
        self.failures = 0
        self._calm += 1
        if self._calm >= self.limit:
            self._calm = 0
            self.limit = min(self.limit + 1, self._policy.in_flight)

    def busy(self, now: float, wait: float | None, tries: int) -> None:
        """Count a 429: wait as long as asked, or back off."""
        self._shrink(now)
        if wait is None:
            wait = self.back_off(tries)
        self.until = max(self.until, now + min(wait, self._policy.longest_asked_wait))

    def failed(self, now: float) -> None:
        """Count a request that came to no answer of use."""
        self._shrink(now)
        self.failures += 1
        if self.open:
            self.until = max(self.until, now + self._policy.breaker_rest)

    def back_off(self, tries: int) -> float:
        """Draw a wait after this many tries: full jitter under a bound that doubles."""
        bound = self._policy.first_wait * 2 ** min(max(tries - 1, 0), 32)
        return random.uniform(0.0, min(bound, self._policy.longest_wait))  # noqa: S311  (no secret)

    def _shrink(self, now: float) -> None:
        self._calm = 0
        # Requests that were in flight together fail together: that is one sign, not many.
        if now - self._shrunk >= min(_SHRINK_ONCE_IN, self._policy.longest_wait):
            self._shrunk = now
            self.limit = max(1, self.limit // 2)


__all__ = ["Pace"]
