"""A load in processes that die at named points, forked so that all is imported once.

Run as `python crashing.py FOLDER POINTS HITS`: for each point, kills a load before the first hit
of it, the second and so on until none is left, resumes each, and tells what came of it.
"""

import json
import os
import sys
import traceback
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import delivery.ledger.opening  # noqa: F401  (once, before forking)
from delivery.batches import Limits
from delivery.ledger import State
from delivery.replies import Found, Reply, Verdict
from delivery.sending import Platform
from tests.delivery.truth import CALM, Book, by_state, make_records

COUNT, SIZE, IN_FLIGHT = 24, 4, 2
POISON = {5, 6, 20}
POINTS = (
    "before intent",
    "after intent",
    "before send",
    "after send",
    "after answer",
    "after record",
    "before bisecting",
    "after bisecting",
    "before asking",
    "after asking",
    "before closing",
    "after closing",
)
DIED = 9


class Points:
    """Ends the process at the n-th hit of one point."""

    def __init__(self, point, hit):
        self.point, self.left = point, hit

    def hit(self, *names):
        if self.point in names:
            self.left -= 1
            if not self.left:
                os._exit(DIED)


class Journal:
    """The ledger, with the points around its writes."""

    def __init__(self, ledger, points):
        self.ledger, self.points = ledger, points

    def write(self, added=(), changed=()):
        states = {entry.state for entry in (*added, *changed)}
        intent = State.SENDING in states
        record = bool(states - {State.SENDING, State.PLANNED})
        split = State.SPLIT in states
        if intent:
            self.points.hit("before intent")
        if split:
            self.points.hit("before bisecting")
        if record:
            self.points.hit("after answer")
        self.ledger.write(added, changed)
        if intent:
            self.points.hit("after intent")
        if split:
            self.points.hit("after bisecting")
        if record:
            self.points.hit("after record")


class Api:
    """A platform whose truth is in a file: what it has taken stays taken."""

    def __init__(self, path, points):
        self.path, self.points = path, points
        self.faults = {1: 2, 2: 0, 4: 4}  # records that a request stores though its answer is lost

    def stored(self):
        return Counter(int(n) for line in self.lines() for n in line.split())

    def lines(self):
        return self.path.read_text().splitlines() if self.path.exists() else []

    def take(self, places):
        with self.path.open("a") as file:
            file.write(" ".join(map(str, places)) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def post(self, body):
        self.points.hit("before send")
        places = [record["n"] for record in json.loads(body)["R"]]
        number = len(self.lines())
        if POISON.intersection(places):
            reply = Reply(Verdict.REFUSED, 400, "bad one")
        elif number in self.faults:
            self.take(places[: self.faults[number]])
            reply = Reply(Verdict.UNCLEAR, 500, "lost")
        else:
            self.take(places)
            reply = Reply(Verdict.TAKEN, 200)
        self.points.hit("after send")
        return reply

    def ask(self, frame, _stop):
        self.points.hit("before asking")
        stored = self.stored()
        found = [Found.LANDED if stored[n] else Found.MISSING for n in frame["place"]]
        self.points.hit("after asking")
        return found


def deliver(folder, point, hit):
    """Begin or resume the load; close it in the end. Check all that must hold at each start."""
    points = Points(point, hit)
    book = Book(folder, make_records([f"c{n % 5}" for n in range(COUNT)]))
    policy = replace(CALM, in_flight=IN_FLIGHT)
    api = Api(folder / "truth", points)
    with book.open() as ledger:
        doubtful = ledger.interrupt(book.load)
        assert doubtful <= IN_FLIGHT, doubtful
        if ledger.find_load(book.load).state == "open":
            journal = Journal(ledger, points)
            asked = Platform(api.post, api.ask)
            sender = book.sender(ledger, asked, policy, Limits(records=SIZE), journal=journal)
            list(sender.send())
            assert sender.ended is None, sender.ended
            points.hit("before closing")
            book.close(ledger)
            points.hit("after closing")
        found = by_state(ledger.entries(book.load))
        assert set(api.stored().values()) == {1}, api.stored()
        assert found == {State.REJECTED: POISON, State.ACCEPTED: set(range(COUNT)) - POISON}, found
        assert set(api.stored()) == found[State.ACCEPTED]
        assert ledger.find_load(book.load).state == "closed"
        assert ledger.find_load(book.load).counts["accepted"] == COUNT - len(POISON)


def run(folder, point, hit):
    """Run it in a process of its own; give its exit code."""
    child = os.fork()
    if not child:
        code = 1
        try:
            deliver(folder, point, hit)
            code = 0
        except BaseException:  # noqa: BLE001  (told, and the process ends)
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder, points, most):
    """Kill a load at every hit of every point; after an odd hit kill what resumes it as well."""
    for point in points:
        hit = 0
        while hit < most:
            hit += 1
            case = folder / f"{point}-{hit}".replace(" ", "-")
            case.mkdir()
            first = run(case, point, hit)
            if first == 0:
                break  # no such hit is left
            again = run(case, point, 1) if hit % 2 else DIED
            last = run(case, "", 1)
            ok = first == DIED and again in {0, DIED} and last == 0
            sys.stdout.write(f"{point}|{hit}|{'ok' if ok else (first, again, last)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3]))
