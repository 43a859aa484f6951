"""An export: a report's pages -> typed rows -> one Parquet file with a manifest, published whole.

Chunks of about 100,000 rows are typed, checked and written while further pages are read, so
memory does not grow with the report.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from connectors.trigg.reports import Get, Page, read_pages
from pipelines.parquet import ChunkWriter, read_chunks
from pipelines.publishing import LATEST, CannotWrite, claim, point, publish, remove, sync
from transforms.reports import read_types, type_rows
from validators.report_rows import Faults, RowRules, count_faults, count_repeated

__all__ = [
    "DATA",
    "MANIFEST",
    "BadRows",
    "ExportIncomplete",
    "ExportRequest",
    "Exported",
    "export_report",
    "hash_file",
    "read_manifest",
    "save_manifest",
]

DATA, MANIFEST = "data.parquet", "manifest.json"
CHUNK = 100_000
"""Rows typed and written at once, and so the rows of a row group."""


class ExportIncomplete(Exception):  # noqa: N818  (says what happened)
    """The rows read are not the rows the report announced. Nothing was published."""


class BadRows(Exception):  # noqa: N818  (says what was met)
    """Rows break the feed's rules. Nothing was published.

    Attributes:
        faults: rows at fault for each (column, rule); no values.
    """

    def __init__(self, report: str, rows: int, faults: Faults) -> None:
        self.faults = faults
        said = ", ".join(f"{column} {rule}: {n}" for (column, rule), n in faults.most_common(8))
        super().__init__(
            f"report {report}: rules are broken in {rows} rows read ({said});"
            " nothing was published: correct the feed's rules or the platform's data"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What to export.

    Attributes:
        report: the report's type, a part of the path.
        columns: the declared columns and their types, see `transforms.reports.TYPES`.
        rules: what every row must hold.
        host: whom it comes from, for the manifest.
        params: further parameters of the report.
        rows_page: rows to ask for in a page.
        rows_property: the property that holds the rows.
        in_flight: pages asked for at once.
        max_pages: more are taken for a mistake.
        keep: published versions to keep, this one included.
    """

    report: str
    columns: Mapping[str, str]
    rules: RowRules = field(default_factory=RowRules)
    host: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)
    rows_page: int = 1000
    rows_property: str = "auto"
    in_flight: int = 4
    max_pages: int = 100_000
    keep: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A published export, as its manifest tells it.

    Attributes:
        run_id: the run, and the folder's name.
        report, host: what was exported, from whom.
        rows, total_records, pages: rows written, rows announced (None when nothing was), pages.
        columns: every column and its polars type.
        undeclared: columns the report has and the feed does not declare; kept as text.
        bytes, sha256: of the data file.
        started, finished: UTC, ISO 8601.
        forgotten, forgotten_at: rows that `loyalty-etl forget` has taken out since, and when last.
    """

    run_id: str
    report: str
    host: str
    rows: int
    total_records: int | None
    pages: int
    columns: dict[str, str]
    undeclared: list[str]
    bytes: int
    sha256: str
    started: str
    finished: str
    forgotten: int = 0
    forgotten_at: str = ""


def export_report(
    request: ExportRequest,
    get: Get,
    out: Path,
    run_id: str,
    progress: Callable[[int, int | None], None] | None = None,
) -> Exported:
    """Export a report to `out/<run_id>/{data.parquet, manifest.json}` and point `latest` there.

    Repeating a run that has published gives its manifest again and asks for nothing.

    Args:
        request: what to export.
        get: asks the platform, e.g. `Client.get`; called from several threads.
        out: the feed's folder of exports.
        run_id: the run, a plain file name.
        progress: called after each page with the rows so far and those announced.

    Raises:
        CannotWrite: before anything is asked for, or when the disk fills up.
        ValueError: the columns or rules are declared wrongly.
        ApiError, BadReport, BadCell: a request failed, or a page can't be trusted.
        ExportIncomplete: rows are missing or too many.
        BadRows: rows break the rules.
    """
    types = read_types(request.columns)
    request.rules.check_names(types)
    with claim(out, run_id) as part:
        if (out / run_id).exists():
            return _repeat(out / run_id)
        started = _now()
        facts = {"report": request.report, "host": request.host, "run_id": run_id}
        with closing(_read(request, get, progress)) as found:
            rows, last, schema = _write(part / DATA, facts, found, request)
        if last.total_records not in {None, rows}:
            raise ExportIncomplete(
                f"report {request.report}: {rows} rows read where {last.total_records} are"
                " announced; nothing was published: export it again"
            )
        exported = Exported(
            report=request.report,
            host=request.host,
            run_id=run_id,
            rows=rows,
            total_records=last.total_records,
            pages=last.number,
            columns={name: str(kind) for name, kind in schema.items()},
            undeclared=[name for name in schema if name not in types],
            bytes=(part / DATA).stat().st_size,
            sha256=hash_file(part / DATA),
            started=started,
            finished=_now(),
        )
        save_manifest(part / MANIFEST, exported)
        publish(part, run_id)
        remove(_versions(out)[: -max(1, request.keep)])
    return exported


def _read(
    request: ExportRequest, get: Get, progress: Callable[[int, int | None], None] | None
) -> Generator[Page, None, None]:
    rows = 0
    for page in read_pages(
        get,
        request.report,
        rows_page=request.rows_page,
        params=request.params,
        in_flight=request.in_flight,
        rows_property=request.rows_property,
        max_pages=request.max_pages,
    ):
        rows += page.rows.height
        if progress is not None:
            progress(rows, page.total_records)
        yield page


def _write(
    path: Path, facts: Mapping[str, str], pages: Iterator[Page], request: ExportRequest
) -> tuple[int, Page, pl.Schema]:
    """Type, check and write all pages; give the rows written, the last page and the columns."""
    types = read_types(request.columns)
    faults, rows = Faults(), 0

    def add(chunk: list[Page]) -> None:
        nonlocal rows
        typed = type_rows([page.rows for page in chunk], types, chunk[0].number)
        faults.update(count_faults(typed, request.rules))
        writer.write(typed)
        rows += typed.height

    # A chunk is written while the next one is read.
    with ChunkWriter(path, facts) as writer, ThreadPoolExecutor(1, "report-chunk") as other:
        adding: Future[None] | None = None
        for chunk in _gather(pages):
            if adding is not None:
                adding.result()
            adding = other.submit(add, chunk)
            last = chunk[-1]
        if adding is not None:
            adding.result()
        schema = writer.finish()
    if key := request.rules.key:
        # Over all chunks, instead of those found within one.
        faults[", ".join(key), "unique"] = count_repeated(lambda: read_chunks(path, key), rows)
    faults = +faults
    if faults:
        raise BadRows(request.report, rows, faults)
    return rows, last, schema


def _gather(pages: Iterable[Page]) -> Iterator[list[Page]]:
    """Gather pages to chunks of at least `CHUNK` rows; there is always one chunk."""
    chunk: list[Page] = []
    rows = 0
    for page in pages:
        chunk.append(page)
        rows += page.rows.height
        if rows >= CHUNK:
            yield chunk
            chunk, rows = [], 0
    if chunk:
        yield chunk


def _repeat(folder: Path) -> Exported:
    """Give the manifest of a run that has published, and finish its publishing if need be."""
    try:
        exported = read_manifest(folder)
        whole = (folder / DATA).stat().st_size == exported.bytes
    except (OSError, ValueError, TypeError):
        whole = False
    if not whole or hash_file(folder / DATA) != exported.sha256:
        raise CannotWrite(f"{folder} holds a damaged export; move it away and export again")
    if folder == _versions(folder.parent)[-1]:
        point(folder)
    return exported


def _versions(out: Path) -> list[Path]:
    """List the published versions, the newest last; a folder without a manifest is none."""
    finished = {}
    for path in out.glob(f"*/{MANIFEST}"):
        with suppress(OSError, ValueError, TypeError):
            finished[path.parent] = read_manifest(path.parent).finished
    finished.pop(out / LATEST, None)
    return sorted(finished, key=lambda folder: (finished[folder], folder.name))


def read_manifest(folder: Path) -> Exported:
    """Read the manifest of a published version.

    Raises:
        OSError, ValueError, TypeError: there is none, or it is none.
    """
    return Exported(**json.loads((folder / MANIFEST).read_bytes()))


def save_manifest(path: Path, exported: Exported) -> None:
    """Write a manifest to a file that is not there yet, and bring it to the disk."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(json.dumps(asdict(exported), indent=2, ensure_ascii=False) + "\n", "utf-8")
    sync(path)


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
