"""How fast to send: fewer after trouble, more when calm, and nothing while the breaker is open."""

import pytest

from delivery.pace import Pace
from delivery.policy import Policy


def make(**changes):
    return Pace(Policy(**({"in_flight": 8, "breaker_failures": 3, "breaker_rest": 30.0} | changes)))


def test_it_begins_with_all_that_is_allowed():
    assert make().allowed(0.0) == 8


def test_a_429_halves_what_is_in_flight_once_a_second():
    pace = make()
    for now, limit in [(10.0, 4), (10.5, 4), (10.9, 4), (11.0, 2), (12.0, 1), (13.0, 1)]:
        pace.busy(now, 0.0, 1)
        assert pace.limit == limit
    assert pace.failures == 0


def test_a_calm_platform_gets_one_more_after_as_many_good_answers():
    pace = make()
    pace.busy(0.0, 0.0, 1)
    limits = []
    for _ in range(4 + 5 + 6 + 7 + 20):
        pace.answered()
        limits.append(pace.limit)
    assert [limits.index(limit) + 1 for limit in (5, 6, 7, 8)] == [4, 9, 15, 22]
    assert max(limits) == 8


def test_trouble_makes_calm_begin_anew():
    pace = make(in_flight=4)
    pace.failed(0.0)
    pace.answered()
    pace.failed(0.1)  # too soon to halve again
    pace.answered()
    assert pace.limit == 2
    pace.answered()
    assert pace.limit == 3


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 0.0), (7.0, 7.0), (300.0, 300.0), (1e9, 300)])
def test_what_the_platform_asks_for_is_waited_up_to_a_bound(asked, waited):
    pace = make()
    pace.busy(100.0, asked, 1)
    assert pace.until == 100.0 + waited
    assert pace.allowed(100.0 + waited - 0.01) == 0
    assert pace.allowed(100.0 + waited) == 4


def test_a_shorter_wait_does_not_end_a_longer_one():
    pace = make()
    pace.busy(0.0, 60.0, 1)
    pace.busy(1.0, 2.0, 1)
    assert pace.until == 60.0


def test_without_a_wait_it_backs_off():
    pace = make(first_wait=4.0, longest_wait=10.0)
    pace.busy(0.0, None, 1)
    assert 0.0 <= pace.until <= 4.0


@pytest.mark.parametrize(
    ("tries", "bound"),
    [(0, 1.0), (1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0), (10**6, 60.0)],
)
def test_full_jitter_under_a_bound_that_doubles(tries, bound):
    pace = make()
    waits = [pace.back_off(tries) for _ in range(300)]
    assert 0.0 <= min(waits) < 0.2 * bound
    assert 0.8 * bound < max(waits) <= bound


def test_no_waits_where_none_are_wanted():
    pace = make(first_wait=0.0, longest_wait=0.0)
    assert {pace.back_off(tries) for tries in range(20)} == {0.0}


def test_failures_in_a_row_open_the_breaker_and_an_answer_closes_it():
    pace = make()
    for now in (1.0, 2.0):
        pace.failed(now)
        assert not pace.open
        assert pace.allowed(now) > 0
    pace.failed(3.0)
    assert pace.open
    assert pace.allowed(32.9) == 0
    assert pace.allowed(33.0) == 1  # one, to see whether it is over
    pace.failed(34.0)
    assert pace.allowed(63.9) == 0
    pace.answered()
    assert not pace.open
    assert pace.allowed(64.0) == pace.limit == 2  # 8, 4, 2, 1, and one good answer


def test_a_good_answer_between_failures_keeps_the_breaker_closed():
    pace = make()
    for now in range(100):
        pace.failed(float(now))
        if now % 2:
            pace.answered()
        assert not pace.open


def test_a_429_is_no_failure():
    pace = make()
    for now in range(100):
        pace.busy(float(now), 0.0, 1)
    assert not pace.open
