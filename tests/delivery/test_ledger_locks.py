"""Who may write to a ledger, and when."""

import os
import signal
import subprocess
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from delivery.ledger import LedgerBroken, LedgerBusy, LedgerLost, open_ledger

pytestmark = pytest.mark.slow  # processes that wait for each other

HOLD = """
with open_ledger(sys.argv[1]) as ledger, ledger.hold("receipts"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == word, process.communicate()[1]


def test_a_name_is_held_by_one(url, python):
    holder = python(HOLD, url)
    wait_for(holder, "held")
    with open_ledger(url) as ledger:
        with (
            pytest.raises(LedgerBusy, match=f"receipts is held by process {holder.pid}") as busy,
            ledger.hold("receipts"),
        ):
            pass
        assert "wait for that run to end, or stop it" in str(busy.value)
        with ledger.hold("members"), ledger.hold("a/b æ"):
            pass
        holder.communicate("\n")
        with ledger.hold("receipts"):
            pass
        with ledger.hold("receipts"):
            pass


def test_a_holder_may_not_hold_it_twice(url):
    with open_ledger(url) as ledger, ledger.hold("receipts"):
        with pytest.raises(LedgerBusy), ledger.hold("receipts"):
            pass
        with open_ledger(url) as other, pytest.raises(LedgerBusy), other.hold("receipts"):
            pass


def test_waiting_tells_whom_for_and_can_be_stopped(url, python):
    holder = python(HOLD, url)
    wait_for(holder, "held")
    told, stop = [], Event()
    with open_ledger(url) as ledger:
        start = time.monotonic()
        with pytest.raises(LedgerBusy), ledger.hold("receipts", 0.3, told.append):
            pass
        assert 0.3 <= time.monotonic() - start < 30
        Thread(target=lambda: time.sleep(0.1) or stop.set()).start()
        with pytest.raises(LedgerBusy), ledger.hold("receipts", 60, told.append, stop):
            pass
        assert [str(holder.pid) in each for each in told] == [True, True]
        Thread(target=lambda: time.sleep(0.1) or holder.stdin.close()).start()
        with ledger.hold("receipts", 60):
            pass


def test_a_sleeping_holder_keeps_it_and_a_killed_one_does_not(url, python):
    holder = python(HOLD, url)
    wait_for(holder, "held")
    with open_ledger(url) as ledger:
        os.kill(holder.pid, signal.SIGSTOP)
        with pytest.raises(LedgerBusy), ledger.hold("receipts", 0.3):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with ledger.hold("receipts", 5):
            pass


def test_of_many_that_ask_at_once_one_gets_it(url, python):
    open_ledger(url).disconnect()
    code = """
    with open_ledger(sys.argv[1]) as ledger:
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            with ledger.hold("receipts"):
                print("held", flush=True)
                sys.stdin.readline()
        except LedgerBusy:
            print("busy", flush=True)
    """
    racers = [python(code, url) for _ in range(4)]
    for racer in racers:
        wait_for(racer, "ready")
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    said = [racer.stdout.readline().strip() for racer in racers]
    assert sorted(said) == ["busy", "busy", "busy", "held"]


def test_a_new_ledger_is_made_once(url, python):
    code = """
    sys.stdin.readline()
    with open_ledger(sys.argv[1]) as ledger:
        print(ledger.id, flush=True)
    """
    racers = [python(code, url) for _ in range(4)]
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    ids = {racer.stdout.readline().strip() for racer in racers}
    assert len(ids) == 1
    assert ids != {""}, [racer.communicate()[1] for racer in racers]


def test_a_writer_waits_for_a_while(sqlite_url, make, python, monkeypatch):
    monkeypatch.setattr("delivery.ledger.sqlite_file.BUSY_SECONDS", 0.2)
    path = sqlite_url.removeprefix("sqlite:///")
    with open_ledger(sqlite_url) as ledger:
        code = """
        import sqlite3
        other = sqlite3.connect(sys.argv[1], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        sys.stdin.readline()
        """
        other = python(code, path)
        wait_for(other, "locked")
        with pytest.raises(LedgerBusy, match="is locked by another process") as busy:
            ledger.begin(make.load())
        assert str(busy.value).count("\n") == 0
        assert ledger.loads() == []  # readers need not wait
        other.communicate("\n")
        ledger.begin(make.load())


def test_a_held_name_whose_file_is_deleted_stops_the_holder(sqlite_url, make):
    with open_ledger(sqlite_url) as ledger, ledger.hold("receipts"):
        path = Path(sqlite_url.removeprefix("sqlite:///") + ".receipts.lock")
        path.unlink()
        with pytest.raises(LedgerBroken, match="was deleted or replaced while in use"):
            ledger.begin(make.load())


def test_a_lost_server_stops_the_holder(postgres_url, make, server):
    with open_ledger(postgres_url) as ledger:
        ledger.begin(make.load())
        with ledger.hold("receipts"):
            server.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'loyalty'"
            )
            for _ in range(2):  # and it is never made anew without a word
                with pytest.raises(LedgerLost, match=r"was lost.*once it is back, resume"):
                    ledger.write([make.entry(1, {"a": "1"})])
            with open_ledger(postgres_url) as other, other.hold("receipts"):
                assert other.entries("load-1") == []
