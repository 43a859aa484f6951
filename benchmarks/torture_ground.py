"""What every torture needs: a source made with a seed, a feed, a sandbox in a process, a load."""

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import yaml
from torture_report import Key

ROOT = Path(__file__).resolve().parent.parent
ETL = [sys.executable, "-m", "pipelines"]  # of this checkout, installed or not
IN_FLIGHT = 4
ASKS, POSTS = "GET /transactions/customerId/{customerId}", "POST /transactions"
COLUMNS = (
    *("store_id", "receipt_id", "timestamp", "customer_id", "line_no", "product_id"),
    *("product_name", "department", "quantity", "gross_amount", "discount", "type", "note"),
)
# The words of the year's feed, and whether it is a return.
MAPPING: dict[str, Any] = {
    "Header.StoreId": "store_id",
    "Header.ReceiptId": "receipt_id",
    "Header.TimeStamp": "timestamp",
    "Header.ConsumerId": "customer_id",
    "Header.Currency": {"constant": "USD"},
    "Items.LineNo": "line_no",
    "Items.Quantity": "quantity",
    "Items.ProductGroupLevel1Name": "department",
    "Items.ProductId": "product_id",
    "Items.ProductName": "product_name",
    "Items.GrossAmount": "gross_amount",
    "Items.Discount": "discount",
}
# No waits but those that a torture is about.
DELIVERY: dict[str, Any] = {
    "settle": 0,
    "retries": {
        "first_wait": 0,
        "longest_wait": 0,
        "longest_asked_wait": 0.05,
        "deadline": 60,
    },
    "breaker": {"rest": 0},
}


def write_receipts(
    path: Path, count: int, seed: int, *, returns: bool = False, note: str = ""
) -> set[Key]:
    """Write a CSV of receipts of one to three lines, all with a customer; give their keys.

    With `returns` one in twenty is followed by its return, which shares its store and id. The
    `note` stands in each line and is not sent.
    """
    random = Random(seed)
    keys: set[Key] = set()
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        number = 0
        while len(keys) < count:
            number += 1
            store, receipt = str(random.randint(1, 40)), f"{seed}{number:08d}"
            head = [store, receipt, f"2026-03-{number % 28 + 1:02d}T10:00:00"]
            head.append(str(random.randint(1, max(1, count // 10))))
            lines = [
                [n + 1, random.randint(1, 10**6), f"{random.randint(1, 9999) / 100:.2f}"]
                for n in range(random.randint(1, 3))
            ]
            kinds = ["PURCHASE"]
            if returns and number % 20 == 0 and len(keys) + 2 <= count:
                kinds.append("RETURN")
            for kind in kinds:
                sign = -1 if kind == "RETURN" else 1
                out.writerows(
                    [*head, n, product, "BREAD", "GROCERY", sign, amount, "0.00", kind, note]
                    for n, product, amount in lines
                )
                keys.add((store, receipt, kind))
    return keys


def write_feed(
    folder: Path, source: Path, max_receipts: int, *, kinds: bool = True, **delivery: object
) -> Path:
    """Write a feed's folder for a source; `kinds` if a column tells returns from purchases."""
    words: dict[str, Any] = {
        "source": {"path": str(source)},
        "target": {
            "endpoint": "POST /transactions",
            "max_receipts": max_receipts,
            "in_flight": IN_FLIGHT,
        },
        "mapping": {**MAPPING, **({"Items.TransactionType": "type"} if kinds else {})},
        "receipts": {"vat_percent": 8},
        "delivery": {**DELIVERY, **delivery},
    }
    if kinds:
        key = ["Header.StoreId", "Header.ReceiptId", "Items.TransactionType"]
        words["receipts"]["key"] = key
    folder.mkdir(parents=True, exist_ok=True)
    feed = {"type": "pipelines.components.LoadFeedComponent", "attributes": words}
    (folder / "defs.yaml").write_text(yaml.safe_dump(feed), encoding="utf-8")
    return folder


class Ground:
    """A fresh sandbox in a process of its own, and a fresh state beside it.

    Both are removed in the end, unless `keep` was set: then a promise was broken.
    """

    def __init__(self, folder: Path, faults: Mapping[str, Any] | None = None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder, self.state = folder, folder / "state"
        self._faults = faults
        self.keep = False
        self.url = ""

    def __enter__(self) -> Self:
        command = [*ETL, "sandbox", "--port", "0", "--data", str(self.folder / "store")]
        if self._faults:
            path = self.folder / "faults.yaml"
            path.write_text(yaml.safe_dump(dict(self._faults)), encoding="utf-8")
            command += ["--faults", str(path)]
        self._sandbox = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=self._environment()
        )
        assert self._sandbox.stdout is not None
        for line in self._sandbox.stdout:
            if "TRIGG_BASE_URL=" in line:
                self.url = line.split("TRIGG_BASE_URL=")[1].split()[0]
                break
        else:
            raise RuntimeError("the sandbox did not start")
        self._looking = self.url.rsplit("/", 1)[0] + "/_sandbox"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sandbox.terminate()
        self._sandbox.communicate()
        if kind is None and not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        return {
            **{k: v for k, v in os.environ.items() if k != "DAGSTER_HOME"},
            "TRIGG_BASE_URL": self.url,
            "TRIGG_API_KEY": "sandbox",
            "LOYALTY_ETL_STATE": str(self.state),
            "LOYALTY_ETL_LEDGER": "",
        }

    def start(self, feed: Path, *words: str) -> "subprocess.Popen[bytes]":
        """Begin `loyalty-etl run`, which goes on with what an earlier one left."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*ETL, "run", str(feed), *words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env=self._environment(),
            )

    def run(self, feed: Path, *words: str) -> tuple[int, float]:
        """Run it to its end; give the exit code and the seconds."""
        started = time.perf_counter()
        code = self.start(feed, *words).wait()
        return code, time.perf_counter() - started

    def look(self, path: str) -> dict[str, Any]:
        """Read what the sandbox tells about itself."""
        with urllib.request.urlopen(f"{self._looking}/{path}", timeout=60) as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    def seen(self) -> Counter[str]:
        """Count the requests that came, by method and path."""
        return Counter(self.look("facts")["seen"])

    def set_faults(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Put other faults in force."""
        body = json.dumps({"rules": list(rules)}).encode()
        asked = urllib.request.Request(f"{self._looking}/faults", data=body, method="PUT")
        asked.add_header("content-type", "application/json")
        urllib.request.urlopen(asked, timeout=60).close()

    def stored(self) -> Counter[Key]:
        """Count how often each receipt is stored, once nothing is under way any more."""
        while self.look("faults")["late"]:
            time.sleep(0.1)
        with urllib.request.urlopen(f"{self._looking}/receipts", timeout=600) as answer:
            rows = (json.loads(line) for line in answer)
            return Counter({(r["storeId"], r["receiptId"], r["kind"]): r["times"] for r in rows})

    def summaries(self) -> list[dict[str, Any]]:
        """Read the summaries of all runs, oldest first."""
        paths = self.state.glob("runs/*/*/summary.json")
        found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        return sorted(found, key=lambda each: str(each["started"]))

    def batches(self) -> Counter[str]:
        """Count the ledger's batches by state, in a copy: the ledger itself is left as it lies."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        ledger = self.state / "ledger/ledger.sqlite"
        if not ledger.exists():
            return Counter()
        for ending in ("", "-wal"):
            if (path := ledger.with_name(ledger.name + ending)).exists():
                shutil.copy(path, copy / path.name)
        with closing(sqlite3.connect(copy / ledger.name)) as asked:
            try:
                rows = asked.execute("SELECT state, count(*) FROM ledger_batches GROUP BY state")
                return Counter(dict(rows.fetchall()))
            except sqlite3.OperationalError:  # killed before it had tables
                return Counter()

    def last_words(self) -> str:
        """Give the last line that a command said."""
        lines = (self.folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else ""


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process as a power cut would."""
    process.send_signal(signal.SIGKILL)
    process.wait()
