"""The ledger of ten million receipts: benchmarks/ledger.py, held to its promise."""

import re
import subprocess
import sys
from pathlib import Path

from torture_report import Report

SECONDS, MEGABYTES = 10.0, 1074.0


def torture(*, quick: bool) -> Report:
    """Compare a file of a million with a ledger of ten million: seconds, and under 1 GiB."""
    script = Path(__file__).with_name("ledger.py")
    size = ["--receipts", "200000", "--file", "20000"] if quick else []
    done = subprocess.run(
        [sys.executable, str(script), *size], stdout=subprocess.PIPE, text=True, check=True
    )
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()]
    rows = [[cell.strip(" |") for cell in row] for row in rows if "---" not in row[0]]
    report = Report("The ledger", (rows[0][0], "figure"))
    for name, figure in rows[1:]:
        report.add(name, figure)
        number = float(re.sub(r"[^0-9.].*", "", figure))
        if "compared" in name:
            report.expect(f"ledger: compared in {figure}", kept=number <= SECONDS)
        elif "memory" in name:
            report.expect(f"ledger: {figure} of memory", kept=number <= MEGABYTES)
    return report
