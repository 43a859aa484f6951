"""Erasing rows of published exports: data, manifest and the note of it go together.

The new manifest is written beside the data before the data is replaced, and takes its place after:
whatever breaks this off, `mend_manifests` brings it to its end.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from delivery.erasing import Kept, Rows
from pipelines.exports.hashing import hash_file
from pipelines.exports.manifest import MANIFEST, Manifest, read_manifest, save_manifest
from pipelines.exports.reading.spool import SPOOL
from pipelines.exports.versions import outputs
from pipelines.exports.writing.delta import DELTA, drop_history
from pipelines.exports.writing.discards import DISCARDED
from pipelines.exports.writing.formats import CSV, XLSX, write_formats
from pipelines.exports.writing.opening import DATA
from pipelines.publishing import LATEST, held
from pipelines.runs import now

NEXT = f".{MANIFEST}"
ITEM_OF = ("_run_id", "_row")
"""What an item of a list and its row have in common."""


def versions(folders: Iterable[Path]) -> Iterator[Path]:
    """List the data files of all published versions."""
    for out in folders:
        for manifest in sorted(out.glob(f"*/{MANIFEST}")):
            if not manifest.parent.is_symlink():
                with suppress(OSError, ValueError, TypeError, KeyError):
                    for file in read_manifest(manifest.parent).files:
                        yield manifest.parent / file.path
                    if (manifest.parent / DISCARDED).exists():
                        yield manifest.parent / DISCARDED


def items_beside(data: Path) -> Iterator[Path]:
    """List the files of a version that may hold items of the lists of a file's rows."""
    folder = version_of(data)
    if folder is not None:
        path = data.relative_to(folder).as_posix()
        files = read_manifest(folder).files
        if any(file.path == path and file.table == DATA for file in files):
            yield from (folder / file.path for file in files if file.table != DATA)


def version_of(data: Path) -> Path | None:
    """Give the folder of the published version that a file belongs to; None if it is of none."""
    return next((each for each in data.parents if (each / MANIFEST).exists()), None)


def drop_delta() -> None:
    """Write Delta tables anew of the newest version, with nothing older.

    Raises:
        CannotWrite: an export is at work.
    """
    for out in outputs():
        if (out / DELTA).exists() and (out / LATEST / MANIFEST).exists():
            with held(out):
                newest = (out / LATEST).resolve()
                drop_history(newest, read_manifest(newest))


def drop_spools() -> None:
    """Throw away what exports that were killed have read.

    Raises:
        CannotWrite: an export is at work.
    """
    for out in outputs():
        if (out / SPOOL).exists():
            with held(out):
                shutil.rmtree(out / SPOOL, ignore_errors=True)


def drop_from_export(data: Path, where: Rows) -> None:
    """Take rows out of a published version.

    Raises:
        CannotWrite: an export is at work there.
        CannotErase: the data cannot be read.
    """
    folder = version_of(data)
    assert folder is not None
    path = data.relative_to(folder).as_posix()
    with held(folder.parent):
        before, rows = read_manifest(folder), len(where.places)

        def announce(written: Path) -> None:
            size, digest = written.stat().st_size, hash_file(written)
            files = tuple(
                replace(file, rows=file.rows - rows, bytes=size, sha256=digest)
                if file.path == path
                else file
                for file in before.files
            )
            of_data = any(file.path == path and file.table == DATA for file in files)
            made = replace(
                before,
                rows=before.rows - (rows if of_data else 0),
                files=files,
                forgotten=before.forgotten + rows,
                forgotten_at=now(),
            )
            (folder / NEXT).unlink(missing_ok=True)
            save_manifest(folder / NEXT, made)

        also = [each for each in (CSV, XLSX) if (folder / each).exists()]
        for each in also:  # they are made of the data again; a crash leaves none rather than hers
            (folder / each).unlink()
        Kept(data).drop(where, announce)
        (folder / NEXT).replace(folder / MANIFEST)
        files = [file for file in read_manifest(folder).files if file.table == DATA]
        write_formats(folder, files, [each.removeprefix("data.") for each in also])


def mend_manifests(folders: Iterable[Path]) -> None:
    """Finish what was broken off: the manifest beside that fits the data is the right one."""
    for out in folders:
        for beside in out.glob(f"*/{NEXT}"):
            with suppress(FileNotFoundError):
                told = Manifest.from_json(json.loads(beside.read_text("utf-8")))
                files = [(beside.parent / file.path, file.sha256) for file in told.files]
                if all(hash_file(path) == digest for path, digest in files):
                    beside.replace(beside.with_name(MANIFEST))
                else:
                    beside.unlink()


__all__ = [
    "ITEM_OF",
    "drop_delta",
    "drop_from_export",
    "drop_spools",
    "items_beside",
    "mend_manifests",
    "outputs",
    "version_of",
    "versions",
]
