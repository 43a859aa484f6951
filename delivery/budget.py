"""When too much is refused to go on."""

from delivery.ledger import State
from delivery.policy import Policy

_ENOUGH_TO_JUDGE = 100
"""Records answered before a percentage of them means something."""


class Budget:
    """Counts what the platform takes and refuses, and says when to stop sending."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._accepted = self._rejected = self._in_a_row = 0

    def count(self, state: State, records: int) -> None:
        """Count records that have come to an outcome."""
        if state is State.ACCEPTED:
            self._accepted += records
            self._in_a_row = 0
        elif state is State.REJECTED:
            self._rejected += records
            self._in_a_row += records

    @property
    def spent(self) -> str:
        """Why to stop, in words; empty while there is no reason to."""
        policy, answered = self._policy, self._accepted + self._rejected
        if policy.max_rejects is not None and self._rejected > policy.max_rejects:
            return f"{self._rejected:,} records refused, allowed {policy.max_rejects:,}"
        most = policy.max_rejects_in_a_row
        if most is not None and self._in_a_row > most:
            return f"{self._in_a_row:,} records refused in a row, allowed {most:,}"
        percent = 100 * self._rejected / answered if answered else 0.0
        allowed = policy.max_reject_percent
        if allowed is not None and answered >= _ENOUGH_TO_JUDGE and percent > allowed:
            return f"{percent:.1f} % of the records refused, allowed {allowed:g} %"
        return ""


__all__ = ["Budget"]
