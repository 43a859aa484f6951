"""When too much is refused to go on."""

import pytest

from delivery.budget import Budget
from delivery.ledger import State
from delivery.policy import Policy

A, R = State.ACCEPTED, State.REJECTED
PERCENT = "% of the records refused, allowed"


def spend(policy, *counts):
    budget = Budget(policy)
    for state, records in counts:
        budget.count(state, records)
    return budget.spent


@pytest.mark.parametrize(
    ("policy", "counts", "spent"),
    [
        (Policy(), [(R, 10**6)], ""),
        (Policy(max_rejects=2), [(R, 2)], ""),
        (Policy(max_rejects=2), [(R, 2), (A, 500), (R, 1)], "3 records refused, allowed 2"),
        (Policy(max_rejects=0), [(A, 5)], ""),
        (Policy(max_rejects=0), [(R, 1)], "1 records refused, allowed 0"),
        (Policy(max_rejects_in_a_row=2), [(R, 2), (A, 1), (R, 2)], ""),
        (Policy(max_rejects_in_a_row=2), [(R, 2), (R, 1)], "3 records refused in a row, allowed 2"),
        (Policy(max_reject_percent=1), [(R, 99)], ""),  # too few to judge
        (Policy(max_reject_percent=1), [(R, 1), (A, 99)], ""),
        (Policy(max_reject_percent=1), [(R, 2), (A, 98)], f"2.0 {PERCENT} 1 %"),
        (Policy(max_reject_percent=0.5), [(A, 1000), (R, 6)], f"0.6 {PERCENT} 0.5 %"),
    ],
)  # fmt: skip
def test_what_is_refused_counts_against_each_limit(policy, counts, spent):
    assert spend(policy, *counts) == spent


@pytest.mark.parametrize("state", sorted(set(State) - {A, R}))
def test_only_what_is_accepted_or_rejected_counts(state):
    policy = Policy(max_rejects=0, max_rejects_in_a_row=0, max_reject_percent=0)
    assert spend(policy, (state, 1000)) == ""
