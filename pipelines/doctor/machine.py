"""What loads need of the machine: time, room, rights, local disks, the versions that were tried."""

import os
import platform
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import validators
from delivery.ledger.mounts import remote_kind
from pipelines import ROOT
from pipelines.doctor.findings import Finding, fail, ok, warn
from pipelines.runs import list_summaries
from pipelines.settings import state_dir

MB = 1 << 20
LEAST, LITTLE = 256 * MB, 2048 * MB
"""Bytes of free disk below which loads may fail, and below which somebody should look."""
FEW_FILES = 10_000
SEEN = 50_000
"""Files whose owner is looked at, at most."""
KEPT_DAYS = 90
_SHOWN = 3


def clock() -> Iterator[Finding]:
    """See that time has not gone back since the last run; `platform` asks another clock too."""
    now = datetime.now(UTC)
    newest = max((summary.started for summary in list_summaries()), default="")
    if newest and datetime.fromisoformat(newest) > now + timedelta(minutes=1):
        yield fail(
            "clock",
            f"it is {now:%Y-%m-%d %H:%M} UTC, and a run began at {newest[:16]}",
            "set the clock, and have it kept by NTP (timedatectl set-ntp true)",
        )
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, zone {datetime.now().astimezone():%Z}")


def disk() -> Iterator[Finding]:
    """See how much room there is, and what could be forgotten."""
    state = _existing(state_dir())
    places = {"disk": state, "temp": Path(tempfile.gettempdir())}
    if places["temp"].stat().st_dev == state.stat().st_dev:
        del places["temp"]
    for name, place in places.items():
        yield _room(name, place)
    now = datetime.now(UTC)
    started = [datetime.fromisoformat(summary.started) for summary in list_summaries()]
    old = sum(now - each > timedelta(days=KEPT_DAYS + 7) for each in started)
    if old:
        told = f"{old:,} of {len(started):,} runs are older than {KEPT_DAYS} days"
        yield warn("runs", told, "loyalty-etl runs prune, best each night")
    else:
        yield ok("runs", f"{len(started):,} kept, none older than {KEPT_DAYS} days")


def _room(name: str, place: Path) -> Finding:
    free, files = shutil.disk_usage(place).free, os.statvfs(place)
    told = f"{free / 1024**3:,.1f} GiB free for {place}"
    no_files = bool(files.f_files) and files.f_favail < FEW_FILES
    if no_files:
        told += f", {files.f_favail:,} more files"
    if free < LEAST:
        return fail(name, told, "make room: loyalty-etl runs prune --days 30, or a larger disk")
    if free < LITTLE or no_files:
        return warn(name, told, "make room: loyalty-etl runs prune --days 30, or a larger disk")
    return ok(name, told)


def rights() -> Iterator[Finding]:
    """See that the state is this user's, and nobody else's to read."""
    state = state_dir()
    if not state.exists():
        yield ok("rights", f"{state} is made by the first run, for this user only")
    else:
        with tempfile.TemporaryFile(dir=state):
            pass
        yield _owned(state)
    secrets = ROOT / ".env"
    if secrets.exists() and stat.S_IMODE(secrets.stat().st_mode) & 0o077:
        yield fail("rights", f"{secrets} can be read by others", f"chmod 600 {secrets}")


def _owned(state: Path) -> Finding:
    mode, me = stat.S_IMODE(state.stat().st_mode), os.geteuid()
    if mode & 0o077:
        return fail("rights", f"{state} is open to others (mode {mode:o})", f"chmod 700 {state}")
    foreign = [path for path in _files(state) if path.lstat().st_uid != me]
    if foreign:
        shown = ", ".join(str(path) for path in foreign[:_SHOWN])
        return fail(
            "rights",
            f"{len(foreign):,} files belong to another user: {shown}",
            f"always run as one user; now: chown -R {me} {state}",
        )
    return ok("rights", f"{state} is this user's alone")


def _files(folder: Path) -> Iterator[Path]:
    seen = 0
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(root, name)
            if (seen := seen + 1) >= SEEN:
                return


def file_system() -> Iterator[Finding]:
    """See that locks hold where the state lies."""
    state = _existing(state_dir())
    if kind := remote_kind(state):
        yield fail(
            "file system",
            f"{state} lies on a network file system ({kind}), where locks do not hold",
            "set LOYALTY_ETL_STATE to a local disk; for several machines LOYALTY_ETL_LEDGER"
            " names a PostgreSQL",
        )
    else:
        yield ok("file system", "local")


def versions() -> Iterator[Finding]:
    """See that what is installed is what was tried together."""
    mine = Path(str(validators.__file__)).resolve()
    if not mine.is_relative_to(ROOT):
        yield fail(
            "versions",
            f"`validators` is another package's: {mine}",
            f"start from {ROOT}, by .venv/bin/loyalty-etl",
        )
    told = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    other = [*_untried()]
    if other:
        shown = ", ".join(other[:_SHOWN]) + (" …" if len(other) > _SHOWN else "")
        yield warn(
            "versions",
            f"{told}; {len(other)} packages are not those of constraints.txt: {shown}",
            "pip install --constraint constraints.txt --editable .",
        )
    else:
        yield ok("versions", f"{told}, packages as tried together")


def _untried() -> Iterator[str]:
    pins = ROOT / "constraints.txt"
    for line in pins.read_text(encoding="utf-8").splitlines() if pins.exists() else ():
        name, equal, tried = line.partition("==")
        if not equal:
            continue
        try:
            there = version(name)
        except PackageNotFoundError:
            continue
        if there != tried:
            yield f"{name} {there} ({tried})"


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())
