"""What the platform calls members whom others call by a number of their own: the id map.

One Parquet file for each account, `.state/ids/<place>.parquet`, sorted by `legacy_id`, readable by
any tool and by its owner only. What it holds can be learned again.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import polars as pl

from connectors.trigg.account import Account
from delivery.records import hash_bytes
from pipelines.platforms import platform_of
from pipelines.publishing import CannotWrite, sync
from pipelines.settings import private_folder, state_dir
from transforms.customer_ids import CustomerIds

IDS = pl.Schema(
    {
        "name": pl.String(),  # what the legacy id is: externalId, mobilePhone, email, or a column
        "legacy_id": pl.String(),
        "customer_id": pl.String(),  # the platform's id
        "conflict": pl.String(),  # another customer that it turned out to be; null if none
        "how": pl.String(),  # changed, looked up, merged, beside
        "learned": pl.Datetime("us", "UTC"),
        "feed": pl.String(),  # of the members
    }
)
KEY = ("name", "legacy_id")


def ids_file(account: Account) -> Path:
    """Give the file of an account's ids, which may not be there."""
    platform = platform_of(account)
    shown = re.sub(r"[^a-z0-9.]+", "-", platform.partition("://")[2].lower()).strip("-")
    return state_dir() / "ids" / f"{shown}-{hash_bytes(platform.encode()).hex()[:8]}.parquet"


def read_ids(account: Account) -> pl.DataFrame:
    """Read an account's ids (`IDS`), in the order of `legacy_id`; empty if none were learned.

    Raises:
        CannotWrite: there is such a file, and it is none of ours.
    """
    path = ids_file(account)
    return _read(path) if path.exists() else pl.DataFrame(schema=IDS)


def _read(path: Path) -> pl.DataFrame:
    try:
        ids = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError):
        ids = pl.DataFrame()
    if ids.schema != IDS:
        raise CannotWrite(f"{path} is damaged: remove it, and learn the ids again")
    return ids


def write_ids(account: Account, ids: pl.DataFrame) -> None:
    """Write an account's ids in one step: a reader sees the old ones or the new.

    Raises:
        OSError: they do not fit on the disk, say.
    """
    path = ids_file(account)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    # Sorted once, so that who looks ids up need not sort them.
    ids.sort("legacy_id", "name").write_parquet(part, compression="zstd")
    sync(part)
    part.replace(path)
    sync(path.parent)


@contextmanager
def hold_ids(path: Path) -> Iterator[None]:
    """Keep others from writing such a file; its folder is made, what a kill has left is removed.

    Raises:
        CannotWrite: somebody is at it, or the folder cannot be written.
    """
    try:
        private_folder(path.parent)
        lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        message = f"{path.parent} cannot be written ({error.strerror}): set LOYALTY_ETL_STATE"
        raise CannotWrite(message) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in path.parent.glob(f".{path.stem}-*"):
            shutil.rmtree(left)
        yield
    except BlockingIOError:
        raise CannotWrite(f"{path}: ids are being learned already; wait for that to end") from None
    finally:
        os.close(lock)


def add_ids(known: pl.DataFrame, found: pl.DataFrame, *, replace: bool) -> pl.DataFrame:
    """Put what was found (`IDS`) to what is known.

    Whoever turns out to be another customer stays who it was, and has the other in `conflict`
    until it is replaced: with `replace` what was found counts. Ids are compared without case
    (reading T30). Where what was found differs in itself, a second customer is a conflict too.
    """
    both = _each_once(found).join(known, on=KEY, how="left", suffix="_before")
    new = pl.col("customer_id_before").is_null()
    same = _same("customer_id", "customer_id_before")
    other = pl.when(same).then("conflict").otherwise("customer_id")
    if replace:
        kept = both.filter(new | ~same | pl.col("conflict_before").is_not_null())
    else:
        conflict = pl.when(new).then("conflict").otherwise(pl.coalesce("conflict_before", other))
        before = [pl.coalesce(f"{n}_before", n).alias(n) for n in ("customer_id", *_HISTORY)]
        told = both.with_columns(conflict.alias("conflict"), *before)
        kept = told.filter(new | pl.col("conflict").ne_missing(pl.col("conflict_before")))
    changed = kept.select(list(IDS))
    if changed.is_empty():
        return known
    return pl.concat([known.join(changed, on=KEY, how="anti"), changed])


_HISTORY = ("how", "learned", "feed")


def _same(left: str, right: str) -> pl.Expr:
    return pl.col(left).str.to_lowercase() == pl.col(right).str.to_lowercase()


def _each_once(found: pl.DataFrame) -> pl.DataFrame:
    if not found.select(KEY).is_duplicated().any():
        return found
    others = pl.col("customer_id").filter(~_same("customer_id", "first")).first()
    return (
        found.with_columns(first=pl.col("customer_id").first().over(KEY))
        .group_by(KEY, maintain_order=True)
        .agg(
            pl.col("customer_id").first(),
            *(pl.col(name).first() for name in _HISTORY),
            conflict=pl.coalesce(pl.col("conflict").drop_nulls().first(), others),
        )
        .select(list(IDS))
    )


def customer_ids(account: Account | None, by: str | None = None) -> CustomerIds:
    """Give what legacy ids are looked up by: those called `by`, or of any name.

    Args:
        account: whose; without one nobody is known.
        by: `externalId`, `mobilePhone`, `email`, or a column that the members' feed names.

    Raises:
        CannotWrite: the file is damaged.
    """
    if account is None or not (path := ids_file(account)).exists():
        return CustomerIds.of(pl.DataFrame(schema=IDS))
    facts = path.stat()
    return _customer_ids(path, by, (facts.st_mtime_ns, facts.st_size))


@lru_cache(maxsize=4)
def _customer_ids(path: Path, by: str | None, _stamp: tuple[int, int]) -> CustomerIds:
    ids = _read(path)
    return CustomerIds.of(ids if by is None else ids.filter(pl.col("name") == by))


__all__ = [
    "IDS",
    "KEY",
    "add_ids",
    "customer_ids",
    "hold_ids",
    "ids_file",
    "read_ids",
    "write_ids",
]
