"""What a load would do, without doing it; and the digest that says whether it still would."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from connectors.trigg.account import AccountError
from delivery.ledger import Fate, open_ledger
from delivery.records import hash_bytes, pack_hashes, read_records
from pipelines.closing import changed_of
from pipelines.comparing import compare_records, target_of, to_send
from pipelines.deleting import MOST_KEYS
from pipelines.encoding import envelope_of
from pipelines.feeds import LoadFeed
from pipelines.loading import RECORDS, cut
from pipelines.refusing import PART
from pipelines.runs import Summary
from pipelines.settings import ledger_url, trigg_account

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

PLAN = "plan.json"


class PlanDiffersError(Exception):
    """What would be sent is not what was planned."""

    def __init__(self, records: int) -> None:
        super().__init__(
            f"{records:,} records would be sent now, and not as planned: the source, the feed or"
            " what has been delivered changed since; nothing was sent; plan again"
        )


@dataclass(frozen=True)
class Plan:
    """What a load would do.

    Attributes:
        feed, source, target: from where to where; the target is empty where none is set.
        environment, profile: what the target is, and whose account leads there.
        deletes: the keys of the customers that would be deleted, a thousand of them at most.
        rows, records: what the source holds; records = rejected + unchanged + merged + held +
            waiting + in_doubt + to_send.
        requests, bytes: what would be sent.
        seconds: how long it would take at the rate of the last load; None before the first.
        digest: of exactly this; `run --plan` sends nothing else.
        example: the first request's body, empty if nothing is to be sent. Personal data.
    """

    feed: str
    source: str
    target: str
    rows: int
    records: int
    rejected: int
    unchanged: int
    merged: int
    held: int
    in_doubt: int
    to_send: int
    requests: int
    bytes: int
    seconds: float | None
    digest: str
    example: str
    environment: str = ""
    profile: str = ""
    deletes: list[str] = field(default_factory=list)
    waiting: int = 0


def make_plan(feed: LoadFeed, summary: Summary) -> Plan:
    """Plan what was prepared.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    records = Path(summary.folder) / RECORDS
    target = environment = ""
    with suppress(AccountError):  # a feed can be tried before there is an account: then all is new
        account = trigg_account(feed.profile)
        target, environment = target_of(feed, account), account.environment
    count = summary.records - summary.rejected_records - summary.merged_records
    count -= summary.waiting_records
    fates, rate = pl.repeat(Fate.NEW, count, dtype=pl.UInt8, eager=True), None
    if target:
        with open_ledger(ledger_url()) as ledger:
            fates = compare_records(ledger, target, records)
            rate = ledger.learned(target).records_per_second
    wanted = to_send(feed, fates)
    requests = size = 0
    example = ""
    if feed.target.single:
        for frame in _chosen(records, wanted, ("json",)):
            texts = envelope_of(feed).texts(frame["json"])
            example = example or next(iter(texts), "")
            requests, size = requests + frame.height, size + int(texts.str.len_bytes().sum())
    else:
        for batch in cut(feed, _chosen(records, wanted)):
            example = example or batch.body.decode()
            requests, size = batch.number, size + len(batch.body)
    sent = int(wanted.sum())
    changed = int((fates == Fate.CHANGED).sum())
    return Plan(
        feed=summary.feed,
        source=summary.source,
        target=target,
        rows=summary.rows,
        records=summary.records,
        rejected=summary.rejected_records + (changed if changed_of(feed) == "reject" else 0),
        unchanged=int((fates == Fate.UNCHANGED).sum()),
        merged=summary.merged_records,
        waiting=summary.waiting_records,
        held=changed if changed_of(feed) == "hold" else 0,
        in_doubt=int((fates == Fate.IN_DOUBT).sum()),
        to_send=sent,
        requests=requests,
        bytes=size,
        seconds=round(sent / rate, 1) if rate else None,
        digest=digest(feed, target, records, wanted),
        example=example,
        environment=environment,
        profile=feed.profile,
        deletes=_first_keys(records, wanted) if feed.target.erases else [],
    )


def _first_keys(records: Path, wanted: pl.Series) -> list[str]:
    keys: list[str] = []
    for frame in _chosen(records, wanted, ("key",)):
        keys += (
            frame["key"]
            .head(MOST_KEYS - len(keys))
            .str.replace_all(PART, " ", literal=True)
            .to_list()
        )
    return keys


def digest(feed: LoadFeed, target: str, records: Path, wanted: pl.Series) -> str:
    """Hash what would be sent: where to, in what order, how many a request, every byte."""
    said = feed.target.model_dump_json(exclude={"in_flight"})
    parts = [f"{target}\n{said}\n".encode()]
    for frame in _chosen(records, wanted, ("key_hash", "content_hash")):
        if not frame.is_empty():
            parts.append(hash_bytes(pack_hashes(frame["key_hash"])))
            parts.append(hash_bytes(pack_hashes(frame["content_hash"])))
    return hash_bytes(b"".join(parts)).hex()


def check_plan(planned: str, feed: LoadFeed, ledger: "Ledger", target: str, records: Path) -> int:
    """See that what would be sent is what was planned; give how many records that is.

    Raises:
        PlanDiffersError: it is not.
    """
    wanted = to_send(feed, compare_records(ledger, target, records))
    if digest(feed, target, records, wanted) != planned:
        raise PlanDiffersError(int(wanted.sum()))
    return int(wanted.sum())


def write_plan(made: Plan, path: Path) -> None:
    """Write a plan for a person and for `run --plan`; it holds an example, so 0600."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(json.dumps(asdict(made), indent=2, ensure_ascii=False) + "\n")


def load_plan(path: Path) -> Plan:
    """Read what `write_plan` wrote.

    Raises:
        OSError, ValueError, TypeError, KeyError: it cannot be read, or is no plan.
    """
    told = json.loads(path.read_text(encoding="utf-8"))
    return Plan(**{each.name: told[each.name] for each in fields(Plan) if each.name in told})


def _chosen(
    records: Path, wanted: pl.Series, columns: tuple[str, ...] | None = None
) -> Iterator[pl.DataFrame]:
    for frame in read_records(records, columns):
        if not frame.is_empty():
            yield frame.filter(wanted.slice(int(frame["place"][0]), frame.height))


__all__ = ["PLAN", "Plan", "PlanDiffersError", "check_plan", "load_plan", "make_plan", "write_plan"]
