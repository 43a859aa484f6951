"""What the delivery ledger costs: a year of receipts, and a diff against ten million.

    python benchmarks/ledger.py [--receipts 10000000] [--file 1000000] [--postgres URL]

A ledger is filled through its own interface, with made-up hashes, in loads of a million. Then a
fresh process opens it and compares a file of which one record in a hundred is new. Last, the loads
of a small year: 390 batches of 400, each written down before and after its request.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import polars as pl

from delivery.ledger import Entry, Fate, Load, State, open_ledger

HASH, BATCH, LOAD, NEW = 16, 400, 1_000_000, 100
YEAR = 390 * BATCH


def main() -> None:
    """Fill, compare in a process of its own, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--receipts", type=int, default=10_000_000)
    parser.add_argument("--file", type=int, default=1_000_000)
    parser.add_argument("--postgres", metavar="URL", help="an empty database to measure instead")
    parser.add_argument("--step", choices=["fill", "compare", "year"], help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--keys", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        if args.step == "fill":
            told = _fill(args.url, args.receipts) | _write_file(args.keys, args.receipts, args.file)
        else:
            told = _compare(args.url, args.keys) if args.step == "compare" else _year(args.url)
        print(json.dumps(told))
        return
    with tempfile.TemporaryDirectory() as folder:
        url = args.postgres or f"sqlite:///{folder}/ledger.sqlite"
        told = {}
        for step in ("fill", "compare", "year"):
            line = [sys.executable, __file__, "--step", step, "--url", url]
            line += ["--receipts", str(args.receipts), "--file", str(args.file)]
            line += ["--keys", f"{folder}/keys.arrow"]
            told |= json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout)
        told["bytes"] = _size(url, folder) / (args.receipts + 2 * YEAR)
    database = "PostgreSQL" if args.postgres else "SQLite"
    print(f"| {database}, {args.receipts:,} receipts | |\n| --- | ---: |")
    print(f"| filled through the ledger | {told['fill']:.1f} s |")
    print(f"| opened | {told['open']:.2f} s |")
    print(f"| a file of {args.file:,} compared, 1 % new | {told['compare']:.2f} s |")
    print(f"| peak memory of that process | {told['peak']:.0f} MB |")
    print(f"| disk | {told['bytes']:.0f} bytes a receipt |")
    print(f"| 390 batches, 780 writes | {told['two']:.2f} s, {told['two_cpu']:.2f} s CPU |")
    print(f"| the same in 391 writes | {told['one']:.2f} s, {told['one_cpu']:.2f} s CPU |")
    print(f"| {YEAR:,} receipts folded | {told['fold']:.2f} s, {told['fold_cpu']:.2f} s CPU |")


def _fill(url: str, receipts: int) -> dict[str, float]:
    start = time.perf_counter()
    with open_ledger(url) as ledger:
        for number, hashes in enumerate(_hashes(receipts)):
            load = _load(f"fill-{number}")
            ledger.begin(load)
            entries = list(_entries(load.id, hashes, State.ACCEPTED))
            for some in range(0, len(entries), 100):
                ledger.write(entries[some : some + 100])
            ledger.close(load.id, _counts(len(hashes) // HASH))
    return {"fill": time.perf_counter() - start}


def _write_file(keys: str, receipts: int, size: int) -> dict[str, float]:
    """Every so many records of the ledger, and some that it does not know, shuffled."""
    new = size // NEW
    every = receipts // (size - new)
    parts = [_column(hashes).gather_every(every) for hashes in _hashes(receipts)]
    known = pl.concat(parts).head(size - new)
    fresh = _column(random.Random("new").randbytes(new * HASH))
    pl.concat([known, fresh]).sample(fraction=1, shuffle=True, seed=1).to_frame().write_ipc(keys)
    return {"new": new}


def _compare(url: str, path: str) -> dict[str, float]:
    keys = pl.read_ipc(Path(path).read_bytes())["key"]
    new = len(keys) // NEW
    start = time.perf_counter()
    with open_ledger(url) as ledger:
        ledger.begin(_load("compare"))
        opened = time.perf_counter()
        fates = ledger.compare("receipts", keys, keys, "compare")
        done = time.perf_counter()
        ledger.close("compare", _counts(0))
    assert (fates == Fate.NEW).sum() == new
    assert (fates == Fate.UNCHANGED).sum() == len(keys) - new
    peak = getrusage(RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"open": opened - start, "compare": done - opened, "peak": peak}


def _year(url: str) -> dict[str, float]:
    told: dict[str, float] = {}
    rest = random.Random("year").randbytes(2 * YEAR * HASH)
    with open_ledger(url) as ledger:
        for name, hashes in (("two", rest[: YEAR * HASH]), ("one", rest[YEAR * HASH :])):
            ledger.begin(_load(name))
            entries = list(_entries(name, hashes, State.SENDING))
            done = [replace(x, state=State.ACCEPTED, attempts=1, status=200) for x in entries]
            clock = _clock()
            if name == "two":
                for before, after in zip(entries, done, strict=True):
                    ledger.write(added=[before])
                    ledger.write(changed=[after])
            else:  # an outcome waits for the next batch's intent
                for number, before in enumerate(entries):
                    ledger.write([before], done[number - 1 : number] if number else ())
                ledger.write(changed=done[-1:])
            told |= {name: clock()[0], f"{name}_cpu": clock()[1]}
            clock = _clock()
            ledger.close(name, _counts(YEAR))
            told |= {"fold": clock()[0], "fold_cpu": clock()[1]}
    return told


def _clock() -> Callable[[], tuple[float, float]]:
    """Give what tells the seconds since now, and those of CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    return lambda: (time.perf_counter() - wall, time.process_time() - cpu)


def _hashes(receipts: int) -> Iterator[bytes]:
    """Random keys, the same ones each time."""
    for start in range(0, receipts, LOAD):
        yield random.Random(start).randbytes(min(LOAD, receipts - start) * HASH)


def _column(hashes: bytes) -> pl.Series:
    import pyarrow as pa

    size, buffer = len(hashes) // HASH, pa.py_buffer(hashes)
    whole = pa.FixedSizeBinaryArray.from_buffers(pa.binary(HASH), size, [None, buffer])
    return pl.Series("key", whole.cast(pa.large_binary()))


def _load(name: str) -> Load:
    return Load(name, "receipts", "receipts", "", "2026-01-01T00:00:00+00:00")


def _entries(load: str, hashes: bytes, state: State) -> Iterator[Entry]:
    step = BATCH * HASH
    for number, start in enumerate(range(0, len(hashes), step)):
        some = hashes[start : start + step]
        places = bytes(len(some) // HASH * 4)
        yield Entry(load, number, None, state, places, some, some, some[:HASH])


def _counts(records: int) -> dict[str, int]:
    parts = dict.fromkeys(("rejected", "unchanged", "merged", "in_doubt", "unsent"), 0)
    return parts | {"records": records, "accepted": records}


def _size(url: str, folder: str) -> float:
    """Bytes of the whole ledger on disk."""
    if url.startswith("sqlite"):
        return float(sum(x.stat().st_size for x in Path(folder).glob("ledger.sqlite*")))
    import psycopg

    asked = (
        "SELECT sum(pg_total_relation_size(oid))::float FROM pg_class "
        "WHERE relname LIKE 'ledger_%' AND relkind = 'r'"
    )
    with psycopg.connect(url) as connection:
        row = connection.execute(asked).fetchone()
    return float(row[0]) if row else 0.0


if __name__ == "__main__":
    main()
