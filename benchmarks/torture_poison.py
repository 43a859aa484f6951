"""Receipts that the platform refuses, and sources that were loaded before."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import log2
from pathlib import Path
from random import Random

import polars as pl
from torture_ground import ASKS, POSTS, Ground
from torture_report import Key, Report, check_store, tell
from torture_year import BATCH, find_source

STYLES = ("list", "paths", "object", "string", "vague", "empty", "no_body", "html")
REJECTED = 4


def torture(work: Path, seed: int, year: Path | None, *, quick: bool) -> Report:
    """Hide 50 receipts that are refused in a year, once for each style of error."""
    heads = ("style of the error", "rejected", "with a reason", "extra requests", "wall s")
    report = Report("Poison receipts", heads)
    source = find_source(work.parent, seed, year, quick=quick)
    feed, keys = source.feed(work / "poison"), source.keys
    count = 5 if quick else 50
    most = int(2 * count * log2(BATCH))
    poison = set(Random(seed).sample(sorted(keys), count))
    ids = sorted(key[1] for key in poison)
    for style in ("list", "vague") if quick else STYLES:
        rule = {"fault": "poison", "ids": ids, "style": style}
        with Ground(work / style, {"rules": [rule]}) as ground:
            broken = len(report.broken)
            code, seconds = ground.run(feed)
            report.expect(
                f"{style}: exit code {code}: {ground.last_words()}", kept=code == REJECTED
            )
            check_store(report, ground.stored(), keys - poison, style)
            summary = ground.summaries()[-1]
            folder = Path(summary["folder"])
            reasons = _read_rejects(folder)
            told = [key for key in poison if reasons.get(key)]
            report.expect(
                f"{style}: rejects.csv holds {len(reasons)}", kept=reasons.keys() == poison
            )
            report.expect(f"{style}: {len(told)} have a reason", kept=len(told) == count)
            extra = ground.seen()[POSTS] - -(-len(keys) // BATCH)
            report.expect(f"{style}: {extra} extra requests, at most {most}", kept=extra <= most)
            ground.keep = len(report.broken) > broken
        report.add(style, len(reasons), len(told), extra, f"{seconds:.1f}")
        tell(f"poison, {style}: {len(reasons)} rejected, {extra} extra requests")
    report.notes.append(
        f"{len(keys):,} receipts, {count} of them poison; promised: at most {most} extra."
    )
    return report


def _read_rejects(folder: Path) -> dict[Key, str]:
    """Give the reasons of what was rejected, which must be the same in both files."""
    with (folder / "rejects.csv").open(newline="", encoding="utf-8") as file:
        written = {
            (row["store_id"], row["receipt_id"], "PURCHASE"): row["_error"]
            for row in csv.DictReader(file)
        }
    told = pl.read_parquet(folder / "outcomes.parquet").filter(pl.col("outcome") == "rejected")
    outcomes = dict(told["key", "reasons"].rows())
    return {key: why for key, why in written.items() if outcomes.get("\x1f".join(key))}


def send_again(work: Path, seed: int, year: Path | None, *, quick: bool) -> Report:
    """Load a source that lacks one receipt in a hundred, then the whole one, then it again."""
    report = Report("The same file again", ("what", "receipts sent", "requests", "wall s"))
    source = find_source(work.parent, seed, year, quick=quick)
    keys = source.keys
    new = set(Random(seed).sample(sorted(keys), len(keys) // 100))
    whole = source.feed(work / "again")
    part = replace(source, path=work / "part.csv")
    _leave_out(source.path, part.path, {key[1] for key in new})
    first = part.feed(work / "part")
    sent: Counter[str] = Counter()
    stored = 0
    with Ground(work / "ground") as ground:
        for what, each, wanted in (
            ("99 % of the receipts", first, len(keys) - len(new)),
            ("all of them", whole, len(new)),
            ("all of them again", whole, 0),
        ):
            code, seconds = ground.run(each)
            report.expect(f"{what}: exit code {code}: {ground.last_words()}", kept=code == 0)
            seen, facts = ground.seen(), int(ground.look("facts")["receipts"])
            report.expect(f"{what}: {facts - stored} stored", kept=facts - stored == wanted)
            posts = seen[POSTS] - sent[POSTS]
            least = -(-wanted // BATCH)
            report.expect(f"{what}: {posts} requests, {least} are enough", kept=posts == least)
            report.add(what, facts - stored, posts, f"{seconds:.1f}")
            sent, stored = seen, facts
        check_store(report, ground.stored(), keys, "again")
        report.expect(f"{sent[ASKS]} questions", kept=sent[ASKS] == 0)
        ground.keep = bool(report.broken)
    return report


def _leave_out(source: Path, target: Path, ids: Iterable[str]) -> None:
    without = set(ids)
    with (
        source.open(newline="", encoding="utf-8") as read,
        target.open("w", newline="", encoding="utf-8") as written,
    ):
        rows, out = csv.reader(read), csv.writer(written, lineterminator="\n")
        head = next(rows)
        out.writerow(head)
        place = head.index("receipt_id")
        out.writerows(row for row in rows if row[place] not in without)
