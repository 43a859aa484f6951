"""Erasing a person from what is kept on this machine.

Everything is looked through before anything is changed, and each file is replaced in one step, so
that what was broken off can be done again. What was delivered stays counted: the outcome of a
record stays, without its key.
"""

import json
import os
import shutil
from collections.abc import Collection
from contextlib import ExitStack
from typing import TYPE_CHECKING

import polars as pl

from delivery.erasing import Kept, replacing
from delivery.records import hash_texts
from pipelines.forgetting.exports import drop_delta, drop_from_export, drop_spools, version_of
from pipelines.forgetting.looking import IDS, OUTCOMES, TRACE, Found, Hit, Unfinished, kept
from pipelines.forgetting.migrations import PAGE
from pipelines.hashing import hash_key, tell_apart
from pipelines.id_store import hold_ids
from pipelines.loading import RECORDS, forget_records
from pipelines.planning import PLAN
from pipelines.runs import now
from pipelines.settings import state_dir
from pipelines.workbench.drafts import DRAFT
from transforms.persons import MEMBER_NAMES, Sought

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

LOG = "forgotten.log"


class StillNeeded(Exception):  # noqa: N818  (says what happened)
    """A load that is not done holds the person. One line with what to do; nothing was erased."""

    def __init__(self, unfinished: Collection[Unfinished]) -> None:
        each = next(iter(unfinished))
        more = f", and {len(unfinished) - 1} more" if len(unfinished) > 1 else ""
        super().__init__(
            f"run {each.run_id} of {each.feed} {each.why}{more}: nothing was erased;"
            " finish it (loyalty-etl resume), or give it up (loyalty-etl resolve --abandon)"
        )


def forget(found: Found, sought: Sought, ledger: "Ledger", *, with_ledger: bool) -> int:
    """Erase what was found, and write down that it was done, without whom.

    Args:
        found: by `find`.
        sought: whom.
        ledger: open.
        with_ledger: forget also that the person's records were delivered.

    Returns:
        How many entries the ledger has lost.

    Raises:
        StillNeeded: a load must be done first.
        LedgerBusy: a load of one of these feeds is under way.
        CannotWrite: an export is under way, or ids are being learned.
        CannotErase: a file cannot be read.
    """
    if found.unfinished:
        raise StillNeeded(found.unfinished)
    with ExitStack() as held:
        for name in sorted({hit.feed for hit in found.hits if hit.feed}):
            held.enter_context(ledger.hold(f"feed {name}"))
        for path in {hit.path for hit in found.hits if hit.path.parent.name == IDS}:
            held.enter_context(hold_ids(path))
        lost = 0
        if with_ledger:  # before the keys are gone
            lost = ledger.forget_keys(_hashes(found, sought))
        for hit in found.hits:
            _erase(hit)
        drop_spools()
        drop_delta()
        _write_down(found, sought, lost)
    return lost


def _erase(hit: Hit) -> None:
    if hit.path.name in OUTCOMES:
        Kept(hit.path).forget(hit.where)
    elif hit.path.name == RECORDS:
        forget_records(hit.path.parent)
    elif hit.path.name == TRACE or hit.path.suffix == PAGE:
        hit.path.unlink(missing_ok=True)
    elif hit.path.name == PLAN:
        with replacing(hit.path) as written:
            made = {**json.loads(hit.path.read_text("utf-8")), "example": "", "deletes": []}
            written.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", "utf-8")
    elif hit.path.name == DRAFT:  # with its file, which may be packed, or of any format
        shutil.rmtree(hit.path.parent, ignore_errors=True)
    elif hit.path.suffix == ".csv":
        kept(hit.path).drop(hit.where)
    elif version_of(hit.path):
        drop_from_export(hit.path, hit.where)
    else:
        Kept(hit.path).drop(hit.where)


def _hashes(found: Found, sought: Sought) -> list[bytes]:
    """Hash every key under which the ledger may remember the person's records."""
    phones = {f"+{number}" for number in sought.phones}
    every = {f"{n}\x1f{v}" for n in MEMBER_NAMES for v in {*sought.ids, *sought.emails, *phones}}
    keys = [pl.Series("key", sorted(every), pl.String)]
    keys += [
        Kept(h.path).take(h.where, "key")["key"] for h in found.hits if h.path.name in OUTCOMES
    ]
    return [*hash_texts(pl.concat(keys).unique().to_arrow()).to_pylist()]


def _write_down(found: Found, sought: Sought, lost: int) -> None:
    """Add a line to the log of what was forgotten: hashes of whom, and how much."""
    key = hash_key()
    whom = sorted({*sought.ids, *sought.emails, *sought.phones})
    line = {
        "time": now(),
        "keys": [tell_apart(key, value) for value in whom],
        "files": len(found.hits),
        "rows": found.rows,
        "ledger": lost,
    }
    log = os.open(state_dir() / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(log, "w", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


__all__ = ["LOG", "StillNeeded", "forget"]
