import threading
import time

import pytest

from connectors.trigg.errors import Busy, Forbidden, Refused, Unclear, Unreachable
from delivery.policy import Policy
from pipelines.exports.reading.asking import Asker
from pipelines.exports.reading.source import Stopped

POLICY = Policy(first_wait=0, longest_wait=0, breaker_rest=0, attempts=5, in_flight=3)


def fail(kind, **facts):
    return kind("GET", "/x", "why", **facts)


def ask(call, jobs=range(20), policy=POLICY, stop=None, told=None):
    asker = Asker(call, policy, stop or threading.Event(), (told or []).append)
    return sorted(asker.ask(jobs))


def test_all_are_answered_some_at_a_time():
    now, most, lock = [0], [0], threading.Lock()

    def call(job):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.002)
        with lock:
            now[0] -= 1
        return job * 2

    assert ask(call) == [(job, job * 2) for job in range(20)]
    assert 1 < most[0] <= 3


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (fail(Forbidden, status=403), 1),
        (fail(Refused, status=404), 1),
        (fail(Unclear, status=302), 1),
        (fail(Unclear, status=200), 3),
        (fail(Unclear, status=500), 5),
        (fail(Unclear), 5),
        (fail(Busy, status=429), 5),
        (fail(Unreachable), 5),
        (KeyError("x"), 1),
    ],
)
def test_how_often_each_failure_is_tried(error, tries):
    calls = []

    def call(job):
        calls.append(job)
        if job == 7:
            raise error
        return job

    with pytest.raises(type(error)) as caught:
        ask(call)
    assert caught.value is error
    assert calls.count(7) == tries


def test_who_was_never_heard_is_not_waited_for_long():
    calls = []

    def call(job):
        calls.append(job)
        raise fail(Unreachable)

    with pytest.raises(Unreachable):
        ask(call, [1])
    assert len(calls) == 3


def test_what_is_in_flight_is_waited_for():
    """It is there when the error comes, and need not be asked for next time."""
    slow, got = threading.Event(), []

    def call(job):
        if job == 1:
            raise fail(Forbidden)
        slow.wait(0.05)
        return job

    asker = Asker(call, POLICY, threading.Event())
    with pytest.raises(Forbidden):
        got.extend(job for job, _ in asker.ask([0, 1, 2, 3, 4, 5]))
    assert {0, 2} <= {*got} <= {0, 2, 3}


def test_a_wait_that_is_asked_for_holds_for_all():
    began, told = {}, []

    def call(job):
        first = job not in began
        began[job] = time.monotonic()
        if job == 0 and first:
            raise fail(Busy, status=429, retry_after=0.6)
        return job

    started = time.monotonic()
    asker = Asker(call, POLICY, threading.Event(), told.append)
    assert len([*asker.ask(range(8))]) == 8
    assert sum(at - started > 0.5 for at in began.values()) >= 5
    assert told[0].startswith("1 s: why")


def test_told_to_stop_nothing_more_leaves():
    stop, calls = threading.Event(), []

    def call(job):
        calls.append(job)
        if len(calls) == 4:
            stop.set()
        return job

    with pytest.raises(Stopped):
        ask(call, range(1000), stop=stop)
    assert len(calls) < 20
