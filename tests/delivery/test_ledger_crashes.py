"""Whatever kills a process, its ledger knows all that was told, and nothing that was not."""

import pytest

from delivery.ledger import State, open_ledger

# One process that dies before each statement in turn, forked so that all is imported once.
CRASH = """
import delivery.ledger.opening
from dataclasses import replace
from sqlalchemy import event
from sqlalchemy.engine import Engine

def deliver(url, load, last):
    left = [last]

    @event.listens_for(Engine, "before_cursor_execute")
    def count(*_):
        if not left[0]:
            os._exit(9)
        left[0] -= 1

    def say(word):
        os.write(1, f"{load} {word}\\n".encode())

    with open_ledger(url) as ledger:
        say("opened")
        ledger.begin(Load(load, "receipts", load, "/runs/1", "2026"))
        say("begun")
        key = last.to_bytes(16, "big")
        batch = Entry(load, 1, None, State.SENDING, bytes(4), key, key, bytes(16))
        ledger.write([batch])
        say("intent")
        ledger.write(changed=[replace(batch, state=State.ACCEPTED, attempts=1)])
        say("outcome")
        counts = dict.fromkeys(["accepted", "rejected", "unchanged", "in_doubt", "unsent"], 0)
        ledger.close(load, counts | {"records": 1, "accepted": 1})
        say("closed")
    os._exit(0)

for last in range(1000):
    child = os.fork()
    if not child:
        deliver(sys.argv[1].format(last=last), f"load-{last}", last)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not code:
        break
    assert code == 9, code
"""


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def test_a_crash_before_any_statement(database, request, python, make):
    url = request.getfixturevalue(f"{database}_url")
    url = url.replace("ledger.sqlite", "{last}.sqlite")  # its tables are made anew each time
    said, errors = python(CRASH, url).communicate(timeout=50)
    assert errors == ""
    told: dict[str, list[str]] = {}
    for line in said.splitlines():
        load, word = line.split()
        told.setdefault(load, []).append(word)
    steps = ["opened", "begun", "intent", "outcome", "closed"]
    crashes = int(max(told, key=lambda load: int(load[5:]))[5:])
    assert told[f"load-{crashes}"] == steps
    assert crashes > 20
    for last in range(crashes):
        load = f"load-{last}"
        words = told.get(load, [])
        with open_ledger(url.format(last=last)) as ledger:
            found = ledger.find_load(load)
            if found is None:
                assert "begun" not in words
                continue
            entries = ledger.entries(load)
            assert words == steps[: len(words)]
            assert "begun" in words
            assert [entry.state for entry in entries] == (
                [State.ACCEPTED]
                if "outcome" in words
                else [State.SENDING]
                if "intent" in words
                else []
            )
            assert (found.state == "closed") == ("closed" in words)
            if "outcome" in words and found.state == "open":
                ledger.close(load, make.counts(accepted=1))
            assert ledger.interrupt(load) == ("intent" in words and "outcome" not in words)
