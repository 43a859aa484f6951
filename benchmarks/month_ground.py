"""What a month needs: a checkout with feeds of its own, a sandbox, and somebody who is told."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from torture_ground import DELIVERY, ROOT, Ground

NIGHT = str(Path(__file__).resolve().parent / "month_night.py")
ROOMS = ("connectors", "validators", "transforms", "delivery", "sandbox", "sample_data")
PATIENCE = {**DELIVERY, "retries": {**DELIVERY["retries"], "attempts": 3, "deadline": 2}}
PARTS = ("runs", "dagster", "ledger", "exports", "alerts")
_LOAD, _EXPORT = (f"pipelines.components.{kind}FeedComponent" for kind in ("Load", "Export"))
DAYS = {"by": "day", "start": "2026-03-01", "zone": "Europe/Oslo", "newest": "yesterday"}


def feeds(inbox: Path) -> dict[str, dict[str, Any]]:
    """Give the feeds of the month: members, their receipts, and two reports."""
    daily = {"partitions": DAYS, "late": {"until": "05:00"}, "rows_deviation": {"percent": 40}}
    members = {
        "source": {"path": f"{inbox}/members_{{date}}.csv"},
        "target": {"endpoint": "POST /import", "envelope": "members", "max_members": 50},
        "mapping": {"externalId": "member_no", "mobilePhone": "phone", "firstName": "name"},
        "delivery": PATIENCE,
        **daily,
    }
    receipts = {
        "after": ["members"],
        "source": {"path": f"{inbox}/receipts_{{date}}.csv"},
        "target": {"endpoint": "POST /transactions", "max_receipts": 25, "in_flight": 2},
        "mapping": {
            "Header.StoreId": "store",
            "Header.ReceiptId": "receipt",
            "Header.ConsumerId": "customer",
            "Header.TimeStamp": "time",
            "Header.Currency": {"constant": "NOK"},
            "Items.LineNo": "line",
            "Items.Quantity": "quantity",
            "Items.ProductId": "product",
            "Items.GrossAmount": "gross",
        },
        "receipts": {"vat_percent": 25},
        "delivery": PATIENCE,
        **daily,
    }
    sold = {
        "after": ["receipts"],
        "report": {"type": "transactions", "rows_page": 1000},
        "required": ["receiptId"],
        "columns": {"receiptId": "text", "grossAmount": "decimal(2)"},
        "freshness": {"within_hours": 30},
        "keep_versions": 3,
    }
    known = {
        "after": ["receipts"],
        "report": {"type": "customers", "rows_page": 1000},
        "key": ["id"],
        "columns": {"id": "text", "externalId": "text"},
        "keep_versions": 3,
    }
    loads = {"members": members, "receipts": receipts}
    exports = {"sold": sold, "known": known}
    return {
        **{name: {"type": _LOAD, "attributes": words} for name, words in loads.items()},
        **{name: {"type": _EXPORT, "attributes": words} for name, words in exports.items()},
    }


class House(Ground):
    """A sandbox in a process, and beside it a checkout with feeds of its own and their files.

    Attributes:
        inbox: where the files come.
        told: what the webhook was given since somebody looked.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.inbox, self.checkout = folder / "in", folder / "checkout"
        self.told: list[dict[str, Any]] = []
        self._hook = ""

    def settle(self, hook: str) -> None:
        """Make the checkout, whose alerts go to this address."""
        self._hook = hook
        self.inbox.mkdir()
        shutil.copytree(
            ROOT / "pipelines",
            self.checkout / "pipelines",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        for name in ("pyproject.toml", "dagster.yaml"):
            shutil.copy(ROOT / name, self.checkout)
        for room in ROOMS:
            (self.checkout / room).symlink_to(ROOT / room)
        defs = self.checkout / "pipelines" / "defs"
        for shipped in defs.glob("*/defs.yaml"):
            shutil.rmtree(shipped.parent)
        for name, words in feeds(self.inbox).items():
            (defs / name).mkdir()
            text = yaml.safe_dump(words, sort_keys=False)
            (defs / name / "defs.yaml").write_text(text, encoding="utf-8")

    def begin(self, at: datetime, *words: str) -> "subprocess.Popen[bytes]":
        """Begin commands of the checkout at a time."""
        environment = self._environment() | {"LOYALTY_ETL_ALERTS": self._hook}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, NIGHT, at.isoformat(), *words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.checkout,
                env=environment,
            )

    def command(self, at: datetime, *words: str) -> int:
        """Run them to their end; give the code of the first."""
        return self.begin(at, *words).wait()

    def last_lines(self) -> str:
        """Give the end of what the commands have said."""
        path = self.folder / "log"
        return path.read_bytes()[-2_000:].decode(errors="replace") if path.exists() else ""

    def news(self) -> list[str]:
        """Give what was told since the last time, such as `+ members: columns`."""
        found = [
            f"{sign} {each['feed']}: {each['cause']}"
            for told in self.told
            for sign, word in (("+", "new"), ("-", "over"))
            for each in told[word]
        ]
        self.told.clear()
        return found

    def sizes(self) -> dict[str, int]:
        """Measure the parts of the state folder, in bytes."""
        return {part: _size(self.state / part) for part in PARTS}


@contextmanager
def listening(told: list[dict[str, Any]]) -> Iterator[str]:
    """Be a webhook that keeps what it is told; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/alerts"
        server.shutdown()
        thread.join()


def words_of(told: Mapping[str, Any]) -> list[str]:
    """Give the words of the command that an alert names, as one types them."""
    return shlex.split(told["new"][0]["command"])[1:]


def _size(folder: Path) -> int:
    return sum(
        os.lstat(path).st_blocks * 512 for path in folder.rglob("*") if not path.is_symlink()
    )


__all__ = ["PARTS", "House", "listening", "words_of"]
