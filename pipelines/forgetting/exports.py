"""Erasing rows of published exports: data, manifest and the note of it go together.

The new manifest is written beside the data before the data is replaced, and takes its place after:
whatever breaks this off, `mend_manifests` brings it to its end.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from delivery.erasing import Kept, Rows
from pipelines.exporting import DATA, MANIFEST, hash_file, read_manifest, save_manifest
from pipelines.publishing import held
from pipelines.runs import list_summaries, now
from pipelines.settings import exports_dir

NEXT = f".{MANIFEST}"


def outputs(feed: str | None = None) -> list[Path]:
    """List the folders that hold exports: the state's, and those that runs were told."""
    told = [s for s in list_summaries(feed) if s.kind == "export" and s.state == "finished"]
    folders = {Path(s.output).parent for s in told}
    folders |= {*exports_dir().glob(feed or "*")}
    return sorted(folder for folder in folders if folder.is_dir())


def versions(folders: Iterable[Path]) -> Iterator[Path]:
    """List the data files of all published versions."""
    for out in folders:
        for manifest in sorted(out.glob(f"*/{MANIFEST}")):
            if not manifest.parent.is_symlink() and (manifest.parent / DATA).exists():
                yield manifest.parent / DATA


def drop_from_export(data: Path, where: Rows) -> None:
    """Take rows out of a published version.

    Raises:
        CannotWrite: an export is at work there.
        CannotErase: the data cannot be read.
    """
    folder = data.parent
    with held(folder.parent):
        before, rows = read_manifest(folder), len(where.places)

        def announce(written: Path) -> None:
            made = replace(
                before,
                rows=before.rows - rows,
                bytes=written.stat().st_size,
                sha256=hash_file(written),
                forgotten=before.forgotten + rows,
                forgotten_at=now(),
            )
            (folder / NEXT).unlink(missing_ok=True)
            save_manifest(folder / NEXT, made)

        Kept(data).drop(where, announce)
        (folder / NEXT).replace(folder / MANIFEST)


def mend_manifests(folders: Iterable[Path]) -> None:
    """Finish what was broken off: the manifest beside that fits the data is the right one."""
    for data in versions(folders):
        beside = data.with_name(NEXT)
        with suppress(FileNotFoundError):
            told = json.loads(beside.read_text("utf-8"))
            if told.get("sha256") == hash_file(data):
                beside.replace(data.with_name(MANIFEST))
            else:
                beside.unlink()


__all__ = ["drop_from_export", "mend_manifests", "outputs", "versions"]
