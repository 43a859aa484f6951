"""Loads for the tests of delivery: records on disk, the real ledger, and a place for the truth."""

import json
import threading
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import polars as pl

from delivery.batches import Cutter, Envelope, Limits, Singles, lane_of
from delivery.ledger import Load, State, open_ledger
from delivery.outcomes import REFUSED, Facts, write_outcomes
from delivery.pending import Pending
from delivery.policy import Policy
from delivery.records import RECORDS, RecordFile, RecordWriter, read_records, unpack_places
from delivery.replies import Found, Reply, Verdict
from delivery.sending import Platform, Sender

ENVELOPE = Envelope.of_json("R")
CALM = Policy(
    first_wait=0, longest_wait=0, longest_asked_wait=0, settle=0, breaker_rest=0, deadline=60
)
"""No waits."""


def make_records(customers, ids=None):
    """Make a record for each customer ("" for nobody); `ids` where they are not unique."""
    ids = ids or [f"R{n}" for n in range(len(customers))]
    seen = Counter()
    rows = []
    for n, (name, customer) in enumerate(zip(ids, customers, strict=True)):
        key = f"1\x1f{name}\x1f{('PURCHASE', 'RETURN')[seen[name]]}"
        seen[name] += 1
        text = json.dumps({"n": n, "id": name})
        rows.append((key, n + 2, n + 2, 1, 120_000, customer, text))
    return pl.DataFrame(rows, schema=RECORDS, orient="row")


def write_records(path, records, size=7):
    """Write them, so many in a record batch."""
    with RecordWriter(path) as writer:
        for start in range(0, records.height, size):
            writer.write(records.slice(start, size))
    return path


class Book:
    """A ledger file and a records file: a load that may be begun, killed and resumed."""

    def __init__(self, folder, records, *, size=7, ledger=None, single=False):
        self.folder = folder
        self.load = self.target = folder.name
        self.path = folder / "records.arrow"
        self.url = f"sqlite:///{folder}/ledger.sqlite"
        self.ledger = ledger
        self.single = single
        self.records = records
        if not self.path.exists():
            write_records(self.path, records, size)

    @contextmanager
    def open(self):
        """Open the ledger as a resumed load does, or take the one that was given."""
        with nullcontext(self.ledger) if self.ledger else open_ledger(self.url) as ledger:
            if ledger.find_load(self.load) is None:
                ledger.begin(Load(self.load, "receipts", self.target, str(self.folder), "2026"))
            yield ledger

    def sender(  # noqa: PLR0917  (as many as it has parts)
        self, ledger, platform, policy, limits=None, stop=None, journal=None
    ):
        """Make what sends all that is left."""
        entries = ledger.entries(self.load)
        gone = pl.concat(
            [pl.Series(dtype=pl.UInt32), *(unpack_places(entry.places) for entry in entries)]
        )
        lanes = policy.in_flight if policy.ordered else 1
        frames = (_left(frame, gone, lanes) for frame in read_records(self.path))
        cutter = Cutter(frames, ENVELOPE, limits or Limits(records=400), lanes)
        if self.single:
            cutter = Singles(frames, Envelope())
        pending = Pending(
            self.load,
            journal or ledger,
            entries,
            cutter=cutter,
            records=RecordFile(self.path),
            envelope=Envelope() if self.single else ENVELOPE,
            policy=policy,
        )
        return Sender(pending, platform, policy, stop or threading.Event())

    def run(self, platform, policy=CALM, **more):
        """Send until it ends, and give the sender, the last tally and the entries."""
        with self.open() as ledger:
            ledger.interrupt(self.load)
            sender = self.sender(ledger, platform, policy, **more)
            for tally in sender.send():  # noqa: B007  (the last one)
                pass
            return sender, tally, ledger.entries(self.load)

    def outcomes(self, entries, fates=None):
        """Write what became of every record; give the rows and their counts."""
        if fates is None:
            fates = pl.repeat(0, self.records.height, dtype=pl.UInt8, eager=True)
        refused = pl.DataFrame(schema=REFUSED)
        facts = Facts(["a.csv"], self.path, refused, fates, entries, "hold")
        counts = write_outcomes(facts, self.folder / "outcomes.parquet")
        return pl.read_parquet(self.folder / "outcomes.parquet"), counts

    def close(self, ledger):
        """Close the load as the pipeline does; say why not if it may not be closed."""
        entries = ledger.entries(self.load)
        _, counts = self.outcomes(entries)
        told = dict(counts.by_outcome) | {"records": counts.records}
        batched = Counter()
        for entry in entries:
            batched[entry.state.value] += entry.records
        rest = {name: told[name] - batched[name] for name in ("rejected", "in_doubt", "unsent")}
        ledger.close(self.load, told, unbatched=rest, finished="2026")


def _left(frame, gone, lanes):
    frame = frame.filter(~pl.col("place").is_in(gone.implode()))
    return frame.with_columns(lane=lane_of(frame["customer"], frame["key"], lanes))


def by_state(entries):
    """Give the places in each state; the same place twice is an error."""
    found = {}
    seen = Counter()
    for entry in entries:
        if entry.state is not State.SPLIT:
            places = unpack_places(entry.places).to_list()
            seen.update(places)
            found.setdefault(entry.state, set()).update(places)
    assert all(times == 1 for times in seen.values()), seen.most_common(3)
    return found


class Truth:
    """A platform that takes or refuses a request as a whole, and remembers all it took.

    Args:
        records: what may be sent.
        poison: places it never takes.
        named: how it names those: `ids`, `places` or nothing.
        script: gives for the number of a request (from 0) a reply that takes nothing, or a pair
            of how many records it takes and a reply; None for an honest answer.
    """

    def __init__(self, records, *, poison=(), named="", largest=10**9, script=None):
        self.records = records
        self.poison = set(poison)
        self.named = named
        self.largest = largest
        self.script = script or (lambda _: None)
        self.stored = Counter()
        self.order = []
        self.bodies = []
        self.asked = 0
        self.lock = threading.Lock()
        self.place_of = dict(zip(records["key"], range(records.height), strict=True))

    @property
    def platform(self):
        return Platform(self.post, self.ask)

    def store(self, places):
        self.stored.update(places)
        self.order.extend(places)

    def post(self, body):
        with self.lock:
            number = len(self.bodies)
            self.bodies.append(body)
            sent = json.loads(body).get("R") or [json.loads(body)]
            places = [record["n"] for record in sent]
            scripted = self.script(number)
            if scripted is not None:
                taken, reply = scripted if isinstance(scripted, tuple) else (0, scripted)
                self.store([] if self.poison.intersection(places) else places[:taken])
                return reply
            return self.honest(sent, places)

    def honest(self, sent, places):
        if len(places) > self.largest:
            return Reply(Verdict.TOO_LARGE, 413, "too large")
        bad = [n for n, place in enumerate(places) if place in self.poison]
        if bad:
            ids = frozenset(sent[n]["id"] for n in bad) if self.named == "ids" else frozenset()
            at = frozenset(bad) if self.named == "places" else frozenset()
            return Reply(Verdict.REFUSED, 400, "bad one", ids=ids, places=at)
        self.store(places)
        return Reply(Verdict.TAKEN, 200)

    def ask(self, frame, _stop):
        with self.lock:
            self.asked += 1
            return [self.find(row) for row in frame.iter_rows(named=True)]

    def find(self, row):
        if not row["customer"]:
            return Found.UNASKABLE
        return Found.LANDED if self.stored[self.place_of[row["key"]]] else Found.MISSING


def lost(verdict=Verdict.UNCLEAR, taken=0, status=502):
    """Script an answer that tells nothing, with so many records stored."""
    return taken, Reply(verdict, status, "lost")


BUSY = Reply(Verdict.BUSY, 429, "busy", wait=0.0)
UNREACHED = Reply(Verdict.UNREACHED, None, "no route")
FORBIDDEN = Reply(Verdict.FORBIDDEN, 401, "no")


def policy(**changes):
    """Give the calm policy with changes."""
    return replace(CALM, **changes)
