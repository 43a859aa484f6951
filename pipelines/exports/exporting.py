"""An export: read into a spool, proven, written, and published in one step.

OUT/<run>/manifest.json    what it holds and what was proven of it; `pipelines.exports.manifest`
OUT/<run>/data/...         the table; `pipelines.exports.writing.table`
OUT/latest -> <run>
OUT/.spool/                what a run that was killed has read: the next one goes on from there
OUT/.spool/refused         the words of the table that could not be made of it
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl
import xxhash

from pipelines.exports.hashing import hash_file
from pipelines.exports.manifest import MANIFEST, Manifest, Proof, read_manifest, save_manifest
from pipelines.exports.reading.repeats import Repeats, find_repeats
from pipelines.exports.reading.source import Source
from pipelines.exports.reading.spool import SPOOL, Spool
from pipelines.exports.versions import list_versions
from pipelines.exports.writing.delta import mirror
from pipelines.exports.writing.drift import BrokenContract
from pipelines.exports.writing.formats import check_extras
from pipelines.exports.writing.rows import Rows
from pipelines.exports.writing.table import write_table
from pipelines.feeds.reading import FeedError
from pipelines.feeds.table import Table
from pipelines.feeds.watching import Days
from pipelines.progress import Progress, quiet
from pipelines.publishing import CannotWrite, claim, point, publish, remove
from transforms.reports import BadCell
from validators.report_rows import Faults

__all__ = ["SPOOL", "BadRows", "ExportIncomplete", "ExportRequest", "export", "last_watermark"]

_REFUSED = "refused"


class ExportIncomplete(Exception):  # noqa: N818  (says what happened)
    """What was read cannot be proven to be all there is. Nothing was published.

    Attributes:
        proof: what is known of it.
    """

    def __init__(self, source: str, proof: Proof) -> None:
        self.proof = proof
        todo = "export it again at a quiet time, or ask for a closed window"
        if proof.asked:
            todo = "mend the list of members, or say `on_incomplete: publish`"
        restarts = f", read {proof.restarts + 1} times over" if proof.restarts else ""
        super().__init__(
            f"{source}{restarts}: {'; '.join(proof.doubts)}; nothing was published: {todo}"
        )


class BadRows(Exception):  # noqa: N818  (says what was met)
    """Rows break the feed's rules. Nothing was published.

    Attributes:
        faults: rows at fault for each (column, rule); no values.
    """

    def __init__(self, source: str, rows: int, faults: Faults) -> None:
        self.faults = faults
        said = ", ".join(f"{column} {rule}: {n}" for (column, rule), n in faults.most_common(8))
        super().__init__(
            f"{source}: rules are broken in {rows} rows read ({said});"
            " nothing was published: correct the feed's rules, or the platform's data, and export"
            " again"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What becomes of what is read.

    Attributes:
        feed: the feed's name.
        table: the words of the table; an `ExportFeed` is one.
        host: whom it is asked of, for the manifest.
        account: what tells one account from another, as JSON values; no secret.
        on_incomplete: what is done where it can't be proven to be complete.
        keep: published versions to keep, this one included.
        days: the days that are asked for, of an export that is read day by day; the others stay.
        full: forget what an earlier run has read, and build on no version before but for the days
            that are not asked for.
    """

    feed: str
    table: Table
    host: str = ""
    account: Mapping[str, Any] = field(default_factory=dict)
    on_incomplete: Literal["fail", "publish"] = "fail"
    keep: int = 5
    days: Days | None = None
    full: bool = False


def export(
    request: ExportRequest,
    source: Source,
    out: Path,
    run_id: str,
    progress: Progress = quiet,
) -> Manifest:
    """Export to `out/<run_id>` and point `latest` there.

    What was read stays in `out/.spool` until it is published or cannot be proven, so that the next
    run asks for no more than is missing. If no table can be made of it, the next run reads it anew
    unless the words of the table are others then. Repeating a run that has published gives its
    manifest again and asks for nothing.

    Args:
        request: what becomes of the rows.
        source: where they are read.
        out: the feed's folder of exports.
        run_id: the run, a plain file name.
        progress: told how far it is.

    Raises:
        MissingExtra: a library is not installed; nothing is asked for.
        CannotWrite: before anything is asked for, or when the disk fills up.
        ValueError: the columns or rules are declared wrongly.
        ApiError, BadReport, BadCell, Stopped: a request failed, an answer or a cell can't be read.
        ExportIncomplete: it can't be proven to be complete.
        BadRows: rows break the rules.
    """
    layout = request.table.layout
    check_extras([*layout.also, *(["delta"] if layout.delta else [])])
    with claim(out, run_id) as part:
        if (out / run_id).exists():
            manifest = _repeat(out / run_id)
            if layout.delta:
                mirror(out / run_id, manifest, request.table.key)
            return manifest
        run = _Run(run_id, part, _now())
        if request.full:
            shutil.rmtree(out / SPOOL, ignore_errors=True)
        asked = {**source.asked, "account": dict(request.account)}
        with Spool(out / SPOOL, asked, request.table.key) as spool:
            note = out / SPOOL / _REFUSED
            words = xxhash.xxh3_128_hexdigest(request.table.model_dump_json().encode())
            if _read_text(note) == words:
                spool.forget(spool.units)  # nothing was mended here: perhaps there
            note.unlink(missing_ok=True)
            proof = _read(source, spool, progress)
            if not proof.complete and request.on_incomplete == "fail":
                spool.drop()
                raise ExportIncomplete(source.name, proof)
            try:
                manifest = _write(request, source, spool, proof, run)
            except (BadCell, BadRows, BrokenContract, FeedError):
                note.touch(mode=0o600)
                note.write_text(words)
                raise
            publish(part, run_id)
            spool.drop()
        if layout.delta:
            mirror(out / run_id, manifest, request.table.key)
        remove(_versions(out)[: -max(1, request.keep)])
    return manifest


def _read(source: Source, spool: Spool, progress: Progress) -> Proof:
    before = spool.units
    proof = source.read(spool, progress)
    resumed = sum(before.get(number) == unit for number, unit in spool.units.items())
    return replace(proof, resumed=resumed)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: its id, the folder it writes into, and when it began."""

    id: str
    part: Path
    started: str


def _write(
    request: ExportRequest, source: Source, spool: Spool, proof: Proof, run: _Run
) -> Manifest:
    """Write the table and its manifest; give the manifest."""
    versions = [] if request.full and not request.days else _versions(run.part.parent)
    before = next(reversed(versions), None)
    facts = {
        "run_id": run.id,
        "loaded_at": run.started,
        "feed": request.feed,
        "source": source.name,
        "host": request.host,
    }
    rows = _rows_of(spool, find_repeats(spool))
    written = write_table(
        rows, request.table, run.part, facts=facts, before=before, days=request.days
    )
    if written.faults:
        raise BadRows(source.name, written.rows, written.faults)
    mode = request.table.layout.mode
    manifest = Manifest(
        run_id=run.id,
        feed=request.feed,
        source=source.name,
        host=request.host,
        mode=mode,
        base=before.name if before and (mode != "replace" or request.days) else "",
        rows=written.rows,
        new_rows=written.new_rows,
        proof=proof,
        columns=written.columns,
        undeclared=written.undeclared,
        warnings=written.warnings,
        drift=written.drift,
        discarded_rows=written.discarded_rows,
        discarded_values=written.discarded_values,
        files=written.files,
        started=run.started,
        finished=_now(),
    )
    save_manifest(run.part / MANIFEST, manifest)
    return manifest


def _rows_of(spool: Spool, repeats: Repeats) -> Rows:
    """Give what was read as rows, without those that came again later."""

    def frames() -> Iterator[tuple[int, pl.DataFrame]]:
        for number, rows in spool.frames():
            if rows.height:
                yield number, repeats.drop(number, rows)

    every = sum(unit.rows for unit in spool.units.values())
    shapes = [shape for shape in spool.shapes if shape]
    return Rows(shapes, frames, told_apart=repeats.keyed == every)


def _read_text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _repeat(folder: Path) -> Manifest:
    """Give the manifest of a run that has published, and finish its publishing if need be."""
    try:
        manifest = read_manifest(folder)
        whole = all(hash_file(folder / file.path) == file.sha256 for file in manifest.files)
    except (OSError, ValueError, TypeError, KeyError):
        whole = False
    if not whole:
        raise CannotWrite(f"{folder} holds a damaged export; move it away and export again")
    if folder == _versions(folder.parent)[-1]:
        point(folder)
    return manifest


def _versions(out: Path) -> list[Path]:
    """List the folders of the published versions, the newest last."""
    return [version.folder for version in list_versions(out)]


def last_watermark(out: Path) -> str:
    """Give up to when the newest version has read changes; empty if there is none."""
    newest = next(reversed(_versions(out)), None)
    return read_manifest(newest).proof.watermark if newest else ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
