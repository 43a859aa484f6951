"""Ledgers for the tests: SQLite files, and a PostgreSQL server of the session's own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl
import pytest

from delivery.ledger import Entry, Fate, Load, State

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

PASSWORD = "hunter2-9b1f"
RUNUSER = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
PROGRAMS = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server that a test may kill."""

    folder: Path
    port: int
    programs: Path

    @property
    def url(self) -> str:
        """Its address, with a password that must never be told."""
        return f"postgresql://loyalty:{PASSWORD}@127.0.0.1:{self.port}/loyalty"

    def control(self, *words: str) -> None:
        """Run pg_ctl."""
        log = self.folder / "log"
        _run(
            str(self.programs / "pg_ctl"),
            "-D",
            str(self.folder / "data"),
            "-w",
            "-l",
            str(log),
            *words,
        )

    def start(self) -> None:
        """Start it, without syncing: what it holds is thrown away."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync=off"
        self.control("-o", options, "start")

    def query(self, statement: str) -> str:
        """Let the superuser ask something."""
        psql = [str(self.programs / "psql"), "-h", str(self.folder), "-p", str(self.port)]
        return _run(*psql, "-qAtc", statement, "loyalty")


def _run(*words: str) -> str:
    line = (
        [RUNUSER or "runuser", "-u", "postgres", "--", *words] if os.getuid() == 0 else list(words)
    )
    done = subprocess.run(
        line,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        cwd="/",
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.strip()


@pytest.fixture(scope="session")
def own_server() -> Iterator[Callable[[], Server]]:
    """Return what starts a server; all are stopped in the end."""
    started: list[Server] = []

    def start() -> Server:
        found = sorted(PROGRAMS.glob("*/bin"), key=lambda x: float(x.parent.name))
        if not found:
            pytest.skip("PostgreSQL is not installed in /usr/lib/postgresql")
        if os.getuid() == 0 and RUNUSER is None:
            pytest.skip("PostgreSQL does not run as root, and there is no runuser")
        pytest.importorskip("psycopg")
        folder = Path(tempfile.gettempdir()) / f"ledger-{uuid4().hex[:8]}"  # short, for its socket
        folder.mkdir(mode=0o755)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = Server(folder, port, found[-1])
        started.append(server)
        _run(
            str(found[-1] / "initdb"),
            "-D",
            str(folder / "data"),
            "-A",
            "scram-sha-256",
            "--auth-local=trust",
            "-E",
            "UTF8",
            "--no-sync",
        )
        server.start()
        psql = [str(found[-1] / "psql"), "-h", str(folder), "-p", str(port), "-qc"]
        _run(*psql, f"CREATE ROLE loyalty LOGIN PASSWORD '{PASSWORD}'", "postgres")
        _run(*psql, "CREATE DATABASE loyalty OWNER loyalty", "postgres")
        return server

    yield start
    for server in started:
        if (server.folder / "data" / "postmaster.pid").exists():
            server.control("-m", "immediate", "stop")
        shutil.rmtree(server.folder)


@pytest.fixture(scope="session")
def server(own_server: Callable[[], Server]) -> Server:
    """The session's PostgreSQL server."""
    return own_server()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger/ledger.sqlite"


@pytest.fixture
def postgres_url(server: Server) -> str:
    """A schema of the test's own."""
    schema = f"t{uuid4().hex}"
    server.query(f"CREATE SCHEMA {schema} AUTHORIZATION loyalty")
    return f"{server.url}?options=-csearch_path%3D{schema}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of a ledger that is not there yet, on each database."""
    return request.getfixturevalue(f"{request.param}_url")


class Make:
    """Makes what a ledger takes, of words that a test can read."""

    def hash(self, text: object) -> bytes:
        """Give 16 bytes for anything."""
        return blake2b(str(text).encode(), digest_size=16).digest()

    def hashes(self, texts: Iterable[object]) -> pl.Series:
        """Give a column of them."""
        return pl.Series("hash", [self.hash(text) for text in texts], dtype=pl.Binary)

    def load(self, name: str = "load-1", **changes: str) -> Load:
        """Make a load of receipts."""
        facts = {"feed": "receipts", "target": "receipts", "folder": "/runs/1"}
        facts |= {"started": "2026-01-02T03:04:05+00:00"}
        return Load(name, **(facts | changes))

    def entry(
        self, number: int, records: Mapping[str, str], load: str = "load-1", **changes: object
    ) -> Entry:
        """Make a batch of records: key and content of each."""
        facts = {"parent": None, "state": State.PLANNED, "body_hash": self.hash(number)}
        return Entry(
            load=load,
            number=number,
            places=b"".join(place.to_bytes(4, "little") for place in range(len(records))),
            keys=b"".join(self.hash(key) for key in records),
            contents=b"".join(self.hash(content) for content in records.values()),
            **(facts | changes),
        )

    def fates(self, ledger: "Ledger", records: Mapping[str, str], load: str) -> list[str]:
        """Ask what is known of records of the target `receipts`."""
        keys, contents = self.hashes(records), self.hashes(records.values())
        return [Fate(x).name.lower() for x in ledger.compare("receipts", keys, contents, load)]

    def counts(self, **counts: int) -> dict[str, int]:
        """Fill up with zeros; `records` is the sum."""
        parts = dict.fromkeys(("accepted", "rejected", "unchanged", "in_doubt", "unsent"), 0)
        return parts | counts | {"records": sum(counts.values())}


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return what runs code in a process of its own, killed in the end."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *words: str) -> subprocess.Popen[str]:
        line = [sys.executable, "-c", PREAMBLE + dedent(code), *words]
        pipe = subprocess.PIPE
        process = subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        with process:  # closes its pipes, and waits
            pass


ROOT = Path(__file__).resolve().parent.parent.parent
PREAMBLE = f"""
import os, sys, time
sys.path.insert(0, {str(ROOT)!r})
from delivery.ledger import *
"""
