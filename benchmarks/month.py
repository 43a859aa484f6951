"""A month of nights at speed: every night ends right, or somebody is told once and rightly.

    python benchmarks/month.py [WORK] [--nights 30] [--receipts 400] [--quick] [--out FILE]

Each night is `loyalty-etl nightly` in a process of its own, at its hour, against a sandbox. In the
end the sandbox must hold each receipt once and every member, and the state folder must not have
grown beyond what retention keeps.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from month_files import Shop
from month_ground import PARTS, House, listening
from month_nights import FIRST, MONTH, NEXT, SHORT, Night, Trouble, well
from torture_ground import ROOT
from torture_report import Report, check_store, check_sums, tell

KEPT = 7
"""Days that runs are kept; pruned behind every night."""
EXTRA = ("&&", "runs", "prune", "--days", str(KEPT))


def simulate(
    work: Path, nights: int, receipts: int, seed: int, script: Mapping[int, Trouble]
) -> Report:
    """Live through so many nights; give the table of them."""
    heads = ("night", "trouble", "told", "s", *(f"{part} kB" for part in PARTS))
    report = Report("A month of nights", heads)
    house = House(work / "month")
    house.keep = True
    with house, listening(house.told) as hook:
        house.settle(hook)
        shop = Shop(house.inbox, max(10, receipts // 4), receipts, seed)
        expected: list[str] = []
        grown = []
        for number in range(1, nights + 1):
            night = Night(house, shop, FIRST + timedelta(days=number - 1), EXTRA)
            trouble = script.get(number, well)
            begun = time.perf_counter()
            told, due = trouble(night)
            took = time.perf_counter() - begun
            report.expect(
                f"{night.morning}, {trouble.__name__}: told {told}, not {due + expected}",
                kept=sorted(told) == sorted(due + expected),
            )
            over = NEXT.get(trouble.__name__)
            expected = [over] if over else []
            sizes = house.sizes()
            grown.append(sizes)
            shown = [round(sizes[part] / 1024) for part in PARTS]
            what = "; ".join(told) or "nothing"
            report.add(str(night.morning), trouble.__name__, what, f"{took:.0f}", *shown)
            tell(f"{night.morning} {trouble.__name__}: {what}, {took:.0f} s, {sum(shown):,} kB")
        _check(report, house, shop, grown)
        house.keep = bool(report.broken)
    return report


def _check(report: Report, house: House, shop: Shop, grown: list[dict[str, int]]) -> None:
    """See that nothing is lost or doubled, every sum holds, and the state is bounded."""
    check_store(report, house.stored(), shop.keys, "after all nights")
    customers = house.look("facts")["customers"]
    report.expect(f"{customers:,} customers, not {shop.members:,}", kept=customers == shop.members)
    check_sums(report, house.summaries(), "runs kept")
    sold = house.state / "exports" / "sold" / "latest" / "manifest.json"
    known = house.state / "exports" / "known" / "latest" / "manifest.json"
    for path, rows in ((sold, sum(shop.lines.values())), (known, customers)):
        told = json.loads(path.read_text(encoding="utf-8"))
        report.expect(
            f"{told['feed']}: {told['rows']:,} rows, not {rows:,}",
            kept=told["rows"] == rows and told["proof"]["complete"],
        )
    settled = grown[KEPT + 1 :]
    second, last_week = settled[:KEPT], settled[-KEPT:]
    if len(settled) > KEPT:
        early, last = (
            max(sizes["runs"] + sizes["dagster"] for sizes in week) for week in (second, last_week)
        )
        report.expect(
            f"runs and Dagster's memory grow beyond what is kept: {early:,} to {last:,} bytes",
            kept=last < early * 1.1,
        )
        for part in PARTS:
            most = [max(sizes[part] for sizes in week) / 1024 for week in (second, last_week)]
            report.notes.append(
                f"- {part}: {most[0]:,.0f} kB at most in the first week in which runs are pruned,"
                f" {most[1]:,.0f} kB in the last"
            )


def main() -> int:
    """Live through a month, print its table, and end with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", nargs="?", type=Path, default=ROOT / "build/month")
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--receipts", type=int, default=400, help="a day")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="three nights with two troubles")
    parser.add_argument("--out", type=Path)
    said = parser.parse_args()
    script, nights = (SHORT, 3) if said.quick else (MONTH, said.nights)
    report = simulate(said.work, nights, said.receipts, said.seed, script)
    text = "\n".join(report.lines())
    print(text)
    if said.out:
        said.out.write_text(text, encoding="utf-8")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
