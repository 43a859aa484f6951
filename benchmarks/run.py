"""Measures loyalty-etl beside the loops one would write by hand: `make bench`.

    python benchmarks/run.py [WORK] [--only WORD] [--rounds N] [--growth [YEARS]] [--out FILE]

WORK (default build/bench) holds the year of real receipts, made on the first run by the extra
`year`, and the logs. The sink takes the place of the platform. Every figure is of a whole process;
what it takes on an empty file is its fixed start and is taken off before rates and ratios.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from measure import Figures, interleave, middle, run_once

HERE = Path(__file__).resolve().parent
ETL = str(Path(sys.executable).with_name("loyalty-etl"))
FEEDS = HERE.parent / "sample_data/year_feeds"
# The product's commands: {file} is the source, {out} what an export writes. The feeds of the year
# send what baselines.py sends, so that the megabytes must come out alike.
PRODUCT = {
    kind: [ETL, "run", f"{FEEDS}/receipts_year_{kind}", "--source", "{file}"]
    for kind in ("csv", "json", "ndjson", "xml")
} | {
    "export": [ETL, "export", "transactions_report", "-o", "{out}"],
}
BASELINE = [sys.executable, str(HERE / "baselines.py"), "{kind}", "{file}", "{url}"]
KINDS = {kind: {"hand-written": kind} for kind in PRODUCT}
KINDS["csv"]["bare columns"] = "bare"
EMPTY = {
    "csv": "store_id,receipt_id,timestamp,customer_id,line_no,product_id,product_name,department,"
    "quantity,gross_amount,discount\n",
    "json": "[]\n",
    "ndjson": "\n",
    "xml": "<Receipts></Receipts>\n",
}
REPORT_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table: a command over a source, and the same over an empty one."""

    job: str
    program: str
    lines: int
    full: Callable[[], Figures]
    empty: Callable[[], Figures]


@contextmanager
def serve(rows: int) -> Iterator[str]:
    """Run the sink and give its address."""
    command = [sys.executable, str(HERE / "sink.py"), "--rows", str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        try:
            yield f"http://127.0.0.1:{sink.stdout.readline().split()[1]}"
        finally:
            sink.terminate()


def ask(url: str) -> dict[str, float]:
    """Read what the sink has counted."""
    with urllib.request.urlopen(url) as answer:
        counts: dict[str, float] = json.load(answer)
    return counts


def prepare(folder: Path, times: int) -> dict[str, Any]:
    """Make the year, unless it is there, in a process of its own; give its facts."""
    facts = folder / "facts.json"
    if not facts.is_file():
        formats = ("csv", "xml", "json", "ndjson") if times == 1 else ("csv",)
        code = (
            "import sys; from pathlib import Path; from sample_data.year import write_year; "
            f"write_year(Path(sys.argv[1]), formats={formats!r}, times={times})"
        )
        subprocess.run([sys.executable, "-c", code, str(folder)], check=True, cwd=HERE.parent)
    found: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
    return found


def command(
    words: list[str], source: Path, url: str, work: Path, kind: str = ""
) -> Callable[[], Figures]:
    """Make the run of one command, each time with nothing counted and nothing remembered."""
    names = {"file": str(source), "url": f"{url}/v4", "out": str(work / "out"), "kind": kind}
    argv = [word.format(**names) for word in words]
    log = work / "logs" / f"{kind or Path(argv[2]).name}-{source.parent.name}-{source.name}.log"
    state = work / "state"
    env = {
        "TRIGG_BASE_URL": f"{url}/v4",
        "TRIGG_API_KEY": "benchmark",
        "LOYALTY_ETL_STATE": str(state),
    }

    def run() -> Figures:
        shutil.rmtree(state, ignore_errors=True)
        ask(f"{url}/reset")
        done = run_once(argv, log=log, env=env, cwd=HERE.parent)
        return replace(done, counts=ask(f"{url}/stats"))

    return run


def collect(work: Path, url: str, no_rows: str, *, growth: int) -> Iterator[Case]:
    """List what is measured: every program on a year, and on as many years of CSV as `growth`."""
    facts = prepare(work / "year", 1)
    for kind, text in EMPTY.items():
        full, empty = work / f"year/receipts.{kind}", work / f"empty.{kind}"
        empty.write_text(text, encoding="utf-8")
        for program, words, reads in programs(kind):
            year = command(words, full, url, work, reads)
            none = command(words, empty, url, work, reads)
            yield Case(kind, program, facts["lines"], year, none)
            if growth and kind == "csv":
                years = work / f"year{growth}"
                lines = prepare(years, growth)["lines"]
                many = command(words, years / "receipts.csv", url, work, reads)
                yield Case(f"csv, {growth} years", program, lines, many, none)
    for program, words, reads in programs("export"):
        report = command(words, work / "report", url, work, reads)
        none = command(words, work / "no_report", no_rows, work, reads)
        yield Case("export", program, REPORT_ROWS, report, none)


def programs(kind: str) -> Iterator[tuple[str, list[str], str]]:
    """List the programs that do one kind of job: name, command, and what the baseline is called."""
    yield "loyalty-etl", PRODUCT[kind], ""
    for program, reads in KINDS[kind].items():
        yield program, BASELINE, reads


def table(cases: list[Case], figures: dict[str, list[Figures]]) -> Iterator[str]:
    """Write the medians as Markdown; `times ours` compares net seconds with loyalty-etl's."""
    heads = ("wall s", "start s", "net s", "lines/s", "CPU s", "peak MB", "body MB", "times ours")
    yield f"| job | program | {' | '.join(heads)} |"
    yield f"| --- | --- |{' --: |' * len(heads)}"
    ours: dict[str, float] = {}
    for case in cases:
        name = f"{case.job}, {case.program}"
        full, start = middle(figures[f"{name}, full"]), middle(figures[f"{name}, empty"])
        if full.code:
            yield f"| {case.job} | {case.program} | failed, exit code {full.code} |"
            continue
        net = max(full.wall - start.wall, 0.001)
        if case.program == "loyalty-etl":
            ours[case.job] = net
        cells = (
            *(f"{seconds:.2f}" for seconds in (full.wall, start.wall, net)),
            f"{case.lines / net:,.0f}",
            f"{full.cpu:.1f}",
            f"{full.peak:.0f}",
            f"{(full.counts['body_bytes'] + full.counts['sent_bytes']) / 1e6:.1f}",
            f"{net / ours[case.job]:.2f}" if case.job in ours else "",
        )
        yield f"| {case.job} | {case.program} | {' | '.join(cells)} |"


def tell(name: str, done: Figures) -> None:
    """Say what one run took, as it ends."""
    print(f"{name}: {done.wall:.2f} s, {done.peak:.0f} MB, exit code {done.code}", flush=True)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    words.add_argument("work", nargs="?", type=Path, default=HERE.parent / "build/bench")
    words.add_argument("--only", default="", help="only lines with this text, such as csv")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument(
        "--growth",
        type=int,
        nargs="?",
        const=10,
        default=0,
        help="also so many years of CSV, or 10",
    )
    words.add_argument("--out", type=Path, help="also write the table to this file")
    given = words.parse_args()
    work = given.work.resolve()
    (work / "logs").mkdir(parents=True, exist_ok=True)
    with serve(REPORT_ROWS) as url, serve(0) as no_rows:
        found = collect(work, url, no_rows, growth=given.growth)
        cases = [case for case in found if given.only in f"{case.job}, {case.program}"]
        runs = {f"{case.job}, {case.program}, empty": case.empty for case in cases}
        runs |= {f"{case.job}, {case.program}, full": case.full for case in cases}
        figures = interleave(runs, given.rounds, tell=tell)
    head = f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, medians of {given.rounds}."
    text = "\n".join([head, "", *table(cases, figures), ""])
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
