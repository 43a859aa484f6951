"""Threads that make the calls: what they give, what they raise, and how they end."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from delivery.workers import Workers


def wait_all(workers):
    done = []
    while workers.flying:
        done += workers.wait(5)
    return done


def test_every_job_is_done_once_and_handed_back_with_its_result():
    with Workers(4, lambda job: job * 2) as workers:
        for job in range(50):
            workers.start(job)
        assert workers.flying == 50
        assert sorted(wait_all(workers)) == [(job, job * 2) for job in range(50)]
        assert workers.flying == 0


def test_what_a_call_raises_is_handed_back_and_the_thread_goes_on():
    with Workers(1, lambda job: 10 // job) as workers:
        for job in (5, 0, 2):
            workers.start(job)
        done = dict(wait_all(workers))
    assert (done[5], done[2]) == (2, 5)
    assert isinstance(done[0], ZeroDivisionError)


def test_waiting_ends_after_its_time_and_with_nothing_to_wait_for():
    never = threading.Event()
    with Workers(1, lambda _: never.wait(5)) as workers:
        assert workers.wait(5) == []
        workers.start("slow")
        started = time.monotonic()
        assert workers.wait(0.05) == []
        assert 0.04 < time.monotonic() - started < 4
        assert workers.flying == 1
        never.set()
        assert workers.wait(5) == [("slow", True)]


def test_waiting_ends_with_the_first_job():
    hold = threading.Event()
    with Workers(2, lambda job: job == "fast" or hold.wait(5)) as workers:
        workers.start("slow")
        workers.start("fast")
        started = time.monotonic()
        assert workers.wait(5) == [("fast", True)]
        assert time.monotonic() - started < 4
        hold.set()
        assert workers.wait(5) == [("slow", True)]


def test_no_more_than_so_many_at_once():
    most, now, lock = [], set(), threading.Lock()

    def call(job):
        with lock:
            now.add(job)
            most.append(len(now))
        time.sleep(0.005)
        with lock:
            now.discard(job)

    with Workers(3, call) as workers:
        for job in range(20):
            workers.start(job)
        wait_all(workers)
    assert max(most) == 3


def test_threads_end_when_left():
    before = set(threading.enumerate())
    with Workers(3, lambda job: job) as workers:
        workers.start(1)
        wait_all(workers)
        mine = set(threading.enumerate()) - before
        assert len(mine) == 3
    for thread in mine:
        thread.join(5)
        assert not thread.is_alive()


def test_a_call_that_hangs_does_not_keep_the_process():
    code = """
import time
from delivery.workers import Workers
with Workers(2, lambda _: time.sleep(60)) as workers:
    workers.start(1)
    workers.wait(0.05)
print("left")
"""
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "left\n"), done.stderr
