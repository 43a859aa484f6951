"""Looking for a person in every file that is kept: rejects, outcomes, plans, traces, exports."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from connectors.files import FileSource, SourceError, is_mended, read_dialect
from delivery.erasing import CannotErase, Kept
from delivery.records import read_records
from delivery.rejects import ADDED
from pipelines.feeds import FeedError, LoadFeed, find_feed
from pipelines.feeds.mapping import columns_of
from pipelines.forgetting.exports import (
    mend_manifests,
    outputs,
    versions,
)
from pipelines.forgetting.migrations import PAGE, kept_of_migrations
from pipelines.forgetting.tables import Hit, hits_of, look_among_items, look_in_table
from pipelines.loading import RECORDS, REFUSALS
from pipelines.planning import PLAN
from pipelines.progress import Progress, Step, quiet
from pipelines.runs import Summary, read_summary
from pipelines.settings import state_dir
from pipelines.workbench.drafts import DRAFT, list_drafts
from transforms.persons import MEMBER_NAMES, NAMES, Sought

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

LOG, TRACE, IDS = "forgotten.log", "error.log", "ids"
OUTCOMES = ("outcomes.parquet", "accepted.parquet")
KILLED = timedelta(days=1)
"""A run that has prepared for so long is at work no more."""


@dataclass(frozen=True)
class Unfinished:
    """A load that is yet to send something of a person, or may be."""

    run_id: str
    feed: str
    why: str


@dataclass(frozen=True)
class Found:
    """What is known of a person: the files, and the loads that must be done first."""

    hits: list[Hit]
    unfinished: list[Unfinished]

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(hit.rows for hit in self.hits)


def find(
    sought: Sought, ledger: "Ledger", feed: str | None = None, progress: Progress = quiet
) -> Found:
    """Look for a person in every file that is kept.

    What an earlier call left undone of an export is finished first.

    Args:
        sought: whom.
        ledger: tells which loads are unfinished.
        feed: only what this feed left.
        progress: told how far it is.

    Raises:
        CannotErase: a file cannot be read.
    """
    unsettled = {load.id for load in ledger.loads(state="open")} | set(ledger.doubts())
    hits: list[Hit] = []
    unfinished: list[Unfinished] = []
    folders = sorted(x for x in (state_dir() / "runs").glob(f"*/{feed or '*'}") if x.is_dir())
    mend_manifests(outputs(feed))
    exported = sorted({*versions(outputs(feed))})
    total = len(folders) + len(exported)
    for done, folder in enumerate(folders):
        summary = read_summary(folder.parent.name, folder.name)
        mine = list(_look(folder, summary, sought))
        if f"{folder.parent.name}/{folder.name}" in unsettled:
            count = sum(hit.rows for hit in mine) + _count_records(folder, sought)
            if count:
                why = f"is unfinished and holds {count:,} rows or records of this person"
                unfinished.append(Unfinished(folder.parent.name, folder.name, why))
        elif (folder / RECORDS).exists():
            if _is_at_work(folder):
                why = "is under way, or was killed less than a day ago"
                unfinished.append(Unfinished(folder.parent.name, folder.name, why))
            mine.append(Hit(folder / RECORDS, "removed", 1, folder.name))
        hits += mine
        progress(Step("looking", done + 1, total, sum(hit.rows for hit in hits)))
    for done, data in enumerate(exported, len(folders)):
        mine = [*look_in_table(data, sought)]
        hits += [*mine, *(hit for each in mine for hit in look_among_items(each))]
        progress(Step("looking", done + 1, total, sum(hit.rows for hit in hits)))
    if feed is None:
        for path in sorted((state_dir() / IDS).rglob("*.parquet")):
            hits += _look_in_ids(path, sought)
        for path in kept_of_migrations():
            hits += (_look_in_text if path.suffix == PAGE else look_in_table)(path, sought)
        hits += _look_in_text(state_dir() / TRACE, sought)
        hits += [Hit(draft.folder / DRAFT, "removed", 1) for draft in list_drafts()]
    return Found(hits, unfinished)


def _look(folder: Path, summary: Summary | None, sought: Sought) -> Iterator[Hit]:
    """Look through what a run has left."""
    feed = _feed_of(summary)
    endpoint = feed.target.endpoint if feed else summary.target if summary else ""
    names = _names_of(endpoint)
    columns = _columns_of(feed, names)
    files = sorted(folder.iterdir())
    rows = [
        hit for x in files if x.suffix == ".csv" for hit in _look_in_rows(x, columns, names, sought)
    ]
    mine: list[Hit] = [*rows]
    for path in files:
        if path.name in OUTCOMES:
            mine += _look_in_outcomes(path, rows, names, sought)
        elif path.suffix == ".parquet":
            mine += look_in_table(path, sought)
        elif path.name == PLAN:
            mine += _look_in_plan(path, sought)
        elif path.name == TRACE:
            mine += _look_in_text(path, sought)
    yield from (replace(hit, feed=folder.name) for hit in mine)


def _look_in_outcomes(
    path: Path, rows: Collection[Hit], names: Collection[str], sought: Sought
) -> Iterator[Hit]:
    """Look through outcomes: by their keys and reasons, and by the source rows that were found."""
    table = Kept(path)
    key, reasons, into = pl.col("key"), pl.col("reasons"), pl.col("merged_into")
    maybe = sought.maybe(key) | sought.maybe(reasons)
    found = sought.key(key, names) | sought.quoted(reasons, names)
    if "merged_into" in table.names():
        maybe, found = maybe | sought.maybe(into), found | sought.key(into, names)
    tables = [(kept(hit.path), hit.where) for hit in rows]
    named = ("_source_file", "_source_row")
    told = [t.take(where, *named) for t, where in tables if {*named} <= {*t.names()}]
    if told:
        places = pl.concat(told).unique().drop_nulls()
        numbers = places["_source_row"].cast(pl.Int64, strict=False).drop_nulls()
        at = places.select(pl.format("{}:{}", pl.nth(0).str.strip_prefix("'"), pl.nth(1)))
        maybe |= pl.col("row").is_in(numbers.implode())
        found |= pl.format("{}:{}", "file", "row").is_in(at.to_series().implode())
    yield from hits_of(table, maybe, found, "rows forgotten")


def _look_in_rows(
    path: Path, columns: Collection[str], names: Collection[str], sought: Sought
) -> Iterator[Hit]:
    """Look through source rows, in the columns that name a person and for what names itself."""
    table = kept(path)
    if not {*ADDED} <= {*table.names()}:  # another table that a run left
        yield from look_in_table(path, sought)
        return
    own = [name for name in table.names() if name not in ADDED]
    named = {name for name in own if name.removeprefix("'") in columns} or {*own}
    error, raw = pl.col("_error"), pl.col("_raw")
    maybe = sought.maybe(error) | sought.maybe(raw)
    found = sought.quoted(error, names) | sought.mentioned(raw)
    for name in own:
        cell = pl.col(name).str.strip_prefix("'")  # it protects a spreadsheet
        maybe |= sought.maybe(cell)
        found |= sought.cell(cell, named=name in named)
    yield from hits_of(table, maybe, found, "rows removed")


def _look_in_ids(path: Path, sought: Sought) -> Iterator[Hit]:
    """Look through an id map: whoever is found in it goes by every name."""
    table = Kept(path)
    for hit in look_in_table(path, sought):
        whose = table.take(hit.where, "customer_id")["customer_id"].unique()
        same = pl.col("customer_id").is_in(whose.implode())
        yield from hits_of(table, same, same, hit.did)


def _look_in_plan(path: Path, sought: Sought) -> Iterator[Hit]:
    try:
        plan = json.loads(path.read_text("utf-8"))
        told = pl.DataFrame({"told": [plan["example"], *plan.get("deletes", [])]})
    except (ValueError, KeyError, TypeError):
        raise CannotErase(f"{path} cannot be read: nothing was erased; remove it") from None
    if told.select(sought.mentioned(pl.col("told")).any()).item():  # of any format
        yield Hit(path, "example removed", 1)


def _look_in_text(path: Path, sought: Sought) -> Iterator[Hit]:
    if path.exists():
        lines = pl.Series("line", path.read_text("utf-8", "replace").split("\n")).to_frame()
        if lines.select(sought.mentioned(pl.col("line")).any()).item():
            yield Hit(path, "removed", 1)


def kept(path: Path) -> Kept:
    """Tell how a CSV of a run is written: of a file of rejects a spreadsheet may have set it.

    Raises:
        CannotErase: it cannot be read.
    """
    if not is_mended(path):
        return Kept(path)
    try:
        told = read_dialect(FileSource(path=path, format="csv", columns=("_error",), mended=True))
    except SourceError as error:
        raise CannotErase(f"{error}: nothing was erased") from None
    return Kept(path, told.delimiter, told.line_end, told.bom)


def _feed_of(summary: Summary | None) -> LoadFeed | None:
    if summary is None:
        return None
    try:
        words = find_feed(summary.feed_path or summary.feed)[1]
    except FeedError:
        return None
    return words if isinstance(words, LoadFeed) else None


def _names_of(endpoint: str) -> tuple[str, ...]:
    path = endpoint.partition(" ")[2]
    return MEMBER_NAMES if path.startswith(("/customers", "/import")) else NAMES


def _columns_of(feed: LoadFeed | None, names: Collection[str]) -> set[str]:
    """List the source columns that name a person; none where that is not known any more."""
    mapping = feed.mapping if feed else {}
    persons = (mapped for name, mapped in mapping.items() if name.rpartition(".")[2] in names)
    return {column for mapped in persons for column in columns_of(mapped)}


def _count_records(folder: Path, sought: Sought) -> int:
    """Count the records of an unfinished load that are the person's."""
    count = 0
    records = pl.col("key"), pl.col("customer"), pl.col("json")
    maybe = sought.maybe(pl.concat_str(*records, separator="\n", ignore_nulls=True))
    found = sought.key(records[0]) | sought.cell(records[1], named=True) | sought.json(records[2])
    if (folder / RECORDS).exists():
        for frame in read_records(folder / RECORDS, ("key", "customer", "json")):
            count += frame.filter(maybe).filter(found).height
    if (folder / REFUSALS).exists():
        refused = pl.read_ipc((folder / REFUSALS).read_bytes())
        said = sought.key(pl.col("key")) | sought.quoted(pl.col("reasons"))
        count += int(refused.select(said.sum()).item())
    return count


def _is_at_work(folder: Path) -> bool:
    changed = datetime.fromtimestamp((folder / RECORDS).stat().st_mtime, UTC)
    return datetime.now(UTC) - changed < KILLED


__all__ = ["IDS", "OUTCOMES", "TRACE", "Found", "Hit", "Unfinished", "find", "kept"]
