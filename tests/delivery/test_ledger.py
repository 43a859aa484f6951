"""What a ledger remembers, on both databases."""

import random
import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest

from delivery.ledger import Fate, Learned, LedgerError, State, Tally, open_ledger


def test_opening_imports_nothing_before_it_must():
    code = (
        "import delivery.ledger, sys; print({'sqlalchemy', 'polars', 'psycopg'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_a_load_is_found_again(url, make):
    with open_ledger(url) as ledger:
        assert ledger.loads() == []
        assert ledger.find_load("load-1") is None
        ledger.begin(make.load())
        first = ledger.id
    with open_ledger(url) as ledger:
        assert (ledger.id, ledger.loads_begun) == (first, 1)
        assert ledger.find_load("load-1") == make.load()
        ledger.begin(make.load("load-2", feed="members"))
        ledger.begin(make.load("load-3"))
        assert [x.id for x in ledger.loads()] == ["load-1", "load-2", "load-3"]
        assert [x.id for x in ledger.loads(limit=2)] == ["load-2", "load-3"]
        assert [x.id for x in ledger.loads("receipts", "open")] == ["load-1", "load-3"]
        assert ledger.loads(state="closed") == []


def test_a_load_begins_once(url, make):
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
        with pytest.raises(LedgerError, match="load load-1 was begun before: resume it"):
            ledger.begin(make.load())
        assert ledger.loads_begun == 1


def test_a_batch_comes_back_as_it_was_written(url, make):
    planned = make.entry(1, {"a": "1", "b": "2"})
    done = replace(
        make.entry(2, {"c": "1"}, parent=1),
        state=State.REJECTED,
        attempts=3,
        status=400,
        reason="Ærlig talt: \U0001f9fe",
        cause="timeout",
        doubted=True,
        sent_at=1767322800.125,
        seconds=0.25,
    )
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
        ledger.write([planned, done])
    with open_ledger(url) as ledger:
        assert ledger.entries("load-1") == [planned, done]
        assert ledger.entries("load-1", [State.REJECTED]) == [done]
        assert ledger.entries("load-1", blobs=False) == [
            replace(entry, keys=b"", contents=b"") for entry in (planned, done)
        ]
        assert [entry.records for entry in ledger.entries("load-1", blobs=False)] == [2, 1]
        ledger.write(changed=[replace(planned, state=State.SENDING, attempts=1, keys=b"")])
        assert ledger.entries("load-1") == [
            replace(planned, state=State.SENDING, attempts=1),
            done,
        ]
        assert ledger.tally("load-1") == {
            State.SENDING: Tally(1, 2),
            State.REJECTED: Tally(1, 1),
        }


@pytest.mark.parametrize("final", [State.ACCEPTED, State.SPLIT])
def test_what_is_final_stays_and_the_whole_write_fails(url, make, final):
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
        entries = [make.entry(1, {"a": "1"}, state=final), make.entry(2, {"b": "1"})]
        ledger.write(entries)
        with pytest.raises(LedgerError, match="is missing or final"):
            ledger.write(
                [make.entry(3, {})], [replace(entry, state=State.SENDING) for entry in entries]
            )
        with pytest.raises(LedgerError, match="is missing or final"):
            ledger.write(changed=[make.entry(9, {})])
        assert ledger.entries("load-1") == entries
        ledger.write(changed=[replace(entries[0], seconds=0.5)])


def test_a_batch_is_added_once_and_to_a_load_that_is_there(url, make):
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
        ledger.write([make.entry(1, {"a": "1"})])
        with pytest.raises(LedgerError, match="refuses a statement"):
            ledger.write([make.entry(2, {}), make.entry(1, {"b": "1"})])
        with pytest.raises(LedgerError, match="load load-9 is not in"):
            ledger.write([make.entry(1, {}, load="load-9")])
        with pytest.raises(ValueError, match="batch 2 has not one key"):
            ledger.write([replace(make.entry(2, {"a": "1"}), places=b"")])
        assert len(ledger.entries("load-1")) == 1


def test_a_killed_load_leaves_doubts(url, make):
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
        states = [*State]
        ledger.write([make.entry(i, {str(i): ""}, state=s) for i, s in enumerate(states)])
        assert ledger.interrupt("load-1") == 1
        assert ledger.interrupt("load-1") == 0
        entry = ledger.entries("load-1")[states.index(State.SENDING)]
        assert (entry.state, entry.cause, entry.doubted) == (State.IN_DOUBT, "killed", True)
        assert ledger.tally("load-1")[State.IN_DOUBT] == Tally(2, 2)
        assert ledger.doubts() == {"load-1": Tally(2, 2)}


def test_records_are_compared_with_what_others_sent(url, make):
    with open_ledger(url) as ledger:
        for name in ("load-1", "load-2"):
            ledger.begin(make.load(name))
        ledger.begin(make.load("load-3", target="members"))
        ledger.write(
            [make.entry(i, {str(state): "1"}, state=state) for i, state in enumerate(State)]
        )
        asked = {str(state): "1" for state in State} | {"nothing": "1"}
        told = {"sending": "in_doubt", "in_doubt": "in_doubt", "accepted": "unchanged"}
        expected = [told.get(key, "new") for key in asked]
        assert make.fates(ledger, asked, "load-2") == expected
        other = dict.fromkeys(asked, "2")
        told["accepted"] = "changed"
        assert make.fates(ledger, other, "load-2") == [told.get(key, "new") for key in asked]
        hashes = make.hashes(asked)
        assert set(ledger.compare("members", hashes, hashes, "load-3")) == {Fate.NEW}
        assert set(ledger.compare("unheard of", hashes, hashes, "load-3")) == {Fate.NEW}


def test_a_load_does_not_doubt_itself(url, make):
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
        ledger.write(
            [
                make.entry(1, {"a": "1"}, state=State.SENDING),
                make.entry(2, {"b": "1"}, state=State.ACCEPTED),
            ]
        )
        assert make.fates(ledger, {"a": "1", "b": "1"}, "load-1") == ["new", "new"]


def test_the_later_content_counts_however_late_the_earlier_is_resolved(url, make):
    with open_ledger(url) as ledger:
        for name in ("load-1", "load-2", "load-3"):
            ledger.begin(make.load(name))
        old = make.entry(1, {"a": "old"}, state=State.IN_DOUBT)
        ledger.write([old])
        ledger.write([make.entry(1, {"a": "new"}, load="load-2", state=State.ACCEPTED)])
        assert ledger.fold("receipts") == 1
        assert make.fates(ledger, {"a": "new"}, "load-3") == ["in_doubt"]
        ledger.write(changed=[replace(old, state=State.ACCEPTED)])
        assert make.fates(ledger, {"a": "new"}, "load-3") == ["unchanged"]


def test_within_a_load_the_later_batch_counts(url, make):
    with open_ledger(url) as ledger:
        for name in ("load-1", "load-2"):
            ledger.begin(make.load(name))
        batches = [{"a": "1", "b": "1"}, {"a": "2"}, {"c": "1", "b": "3"}]
        ledger.write([make.entry(i, each, state=State.ACCEPTED) for i, each in enumerate(batches)])
        assert ledger.fold("receipts") == 5
        assert ledger.fold("receipts") == 0
        assert make.fates(ledger, {"a": "2", "b": "3", "c": "1"}, "load-2") == ["unchanged"] * 3
        assert all(entry.keys == b"" for entry in ledger.entries("load-1"))


def test_many_records_in_any_order(url, make):
    keys = [str(i) for i in range(25_007)]
    shuffled = keys[::-1]
    random.Random(7).shuffle(shuffled)
    with open_ledger(url) as ledger:
        for name in ("load-1", "load-2"):
            ledger.begin(make.load(name))
        sent = dict.fromkeys(shuffled[:20_001], "1")
        ledger.write([make.entry(1, sent, state=State.ACCEPTED)])
        ledger.fold("receipts")
        asked = {key: "2" if key.endswith("3") else "1" for key in keys}
        expected = [
            "new" if key not in sent else "changed" if key.endswith("3") else "unchanged"
            for key in keys
        ]
        assert make.fates(ledger, asked, "load-2") == expected
        assert make.fates(ledger, {}, "load-2") == []


def test_hashes_have_sixteen_bytes(url, make):
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
        whole = make.hashes(["a", "b"])
        for wrong in (
            whole[:1],
            pl.Series("hash", [b"short", b"x" * 16], dtype=pl.Binary),
            pl.Series("hash", [None, b"x" * 16], dtype=pl.Binary),
            pl.Series("hash", ["x" * 16] * 2),
        ):
            with pytest.raises(ValueError, match="hash is not one hash of 16 bytes"):
                ledger.compare("receipts", whole, wrong, "load-1")


def test_closing_needs_one_outcome_for_each_record(url, make):
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
        states = (State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.UNSENT, State.SPLIT)
        ledger.write([make.entry(i, {str(s): ""}, state=s) for i, s in enumerate(states)])
        right = make.counts(accepted=1, rejected=3, unchanged=5, merged=2, in_doubt=1, unsent=1)
        for wrong in (
            right | {"records": 12},
            right | {"merged": 1},
            make.counts(accepted=2, rejected=3, unchanged=5, in_doubt=1, unsent=1),
            make.counts(accepted=1, rejected=2, unchanged=5, in_doubt=1, unsent=1),
            make.counts(accepted=1, rejected=3, unchanged=5, in_doubt=0, unsent=1),
            make.counts(accepted=1, rejected=3, unchanged=5, in_doubt=1, unsent=0),
        ):
            with pytest.raises(LedgerError, match="load load-1 cannot be closed"):
                ledger.close("load-1", wrong, unbatched={"rejected": 2})
        with pytest.raises(LedgerError, match="3 records are said to be rejected"):
            ledger.close("load-1", right)
        assert ledger.find_load("load-1") == make.load()
        ledger.close("load-1", right | {"rows": 40}, unbatched={"rejected": 2}, finished="later")
        assert ledger.find_load("load-1") == replace(
            make.load(), state="closed", counts=right | {"rows": 40}, finished="later"
        )
        assert [bool(entry.keys) for entry in ledger.entries("load-1")] == [0, 0, 1, 0, 0]


@pytest.mark.parametrize("state", [State.PLANNED, State.SENDING])
def test_closing_leaves_nothing_to_do(url, make, state):
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
        ledger.write([make.entry(1, {}, state=state)])
        with pytest.raises(LedgerError, match=f"1 of its batches are still {state}; resume it"):
            ledger.close("load-1", make.counts())


def test_a_doubt_is_resolved_after_the_load(url, make):
    with open_ledger(url) as ledger:
        for name in ("load-1", "load-2"):
            ledger.begin(make.load(name))
        entry = make.entry(1, {"a": "1"}, state=State.IN_DOUBT)
        ledger.write([entry])
        ledger.close("load-1", make.counts(in_doubt=1))
        assert make.fates(ledger, {"a": "1"}, "load-2") == ["in_doubt"]
        assert ledger.forget(["load-1"]) == 0
        ledger.write(changed=[replace(entry, state=State.ACCEPTED)])
        ledger.close("load-1", make.counts(accepted=1))
        assert ledger.doubts() == {}
        assert make.fates(ledger, {"a": "1"}, "load-2") == ["unchanged"]


def test_what_is_known_outlives_its_load(url, make):
    with open_ledger(url) as ledger:
        for name in ("load-1", "load-2", "load-3"):
            ledger.begin(make.load(name))
        ledger.write([make.entry(1, {"a": "1"}, state=State.ACCEPTED)])
        ledger.close("load-1", make.counts(accepted=1))
        ledger.close("load-2", make.counts())
        assert ledger.forget(["load-1", "load-3", "load-9"]) == 1
        assert [load.id for load in ledger.loads()] == ["load-2", "load-3"]
        assert ledger.entries("load-1") == []
        assert make.fates(ledger, {"a": "1"}, "load-3") == ["unchanged"]
        assert ledger.loads_begun == 3
    with open_ledger(url) as ledger:
        assert ledger.loads_begun == 3


def test_what_was_learned_stays(url):
    with open_ledger(url) as ledger:
        assert ledger.learned("receipts") == Learned()
        ledger.learn("receipts", max_records=200)
        ledger.learn("receipts", records_per_second=812.5)
        ledger.learn("receipts")
    with open_ledger(url) as ledger:
        assert ledger.learned("receipts") == Learned(200, 812.5)
