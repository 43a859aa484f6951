"""Published versions of exports: which there are, and which one is meant."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.exports.manifest import MANIFEST, Manifest, read_manifest
from pipelines.publishing import LATEST
from pipelines.runs import list_summaries
from pipelines.settings import exports_dir

__all__ = ["DATA", "NoExport", "Version", "find_output", "find_version", "list_versions", "outputs"]

DATA = "data"
"""The table that every version has; the others are children of it."""


class NoExport(Exception):  # noqa: N818  (says what was met)
    """There is no such export. One line, with what to do."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was published.

    Attributes:
        folder: where it lies, named by its run.
        manifest: what it says of itself.
    """

    folder: Path
    manifest: Manifest

    @property
    def age(self) -> timedelta:
        """How long ago its reading ended."""
        return datetime.now(UTC) - datetime.fromisoformat(self.manifest.finished)

    @property
    def tables(self) -> list[str]:
        """The tables it has, `data` first."""
        return sorted(self.manifest.columns, key=lambda table: (table != DATA, table))

    def files(self, table: str = DATA) -> list[Path]:
        """Name the Parquet files of a table, in their order."""
        told = self.manifest.files
        return [self.folder / file.path for file in told if file.table == table]


def list_versions(out: Path) -> list[Version]:
    """List the versions in a feed's folder of exports, the newest last.

    A folder whose manifest cannot be read is none.
    """
    found = []
    for path in out.glob(f"*/{MANIFEST}"):
        if path.parent.name != LATEST and not path.parent.name.startswith("."):
            with suppress(OSError, ValueError, TypeError, KeyError):
                found.append(Version(path.parent, read_manifest(path.parent)))
    return sorted(found, key=lambda one: (one.manifest.finished, one.folder.name))


def outputs(feed: str | None = None) -> Iterator[Path]:
    """List the folders that hold exports: those in the state first, then those runs were told."""
    own = sorted(exports_dir().glob(feed or "*"))
    told = {
        Path(summary.output).parent
        for summary in list_summaries(feed)
        if summary.kind == "export" and summary.state == "finished"
    }
    yield from (folder for folder in own if folder.is_dir())
    yield from sorted(folder for folder in told.difference(own) if folder.is_dir())


def find_output(word: str) -> Path:
    """Find the folder with the versions of a feed, by its name, or by the folder's own path.

    Of several places the state's own is meant, else the one that was published to last.

    Raises:
        NoExport: there is none.
    """
    if "/" in word:
        if not list_versions(Path(word)):
            raise NoExport(f"{word}: no export was published there; see: loyalty-etl exports list")
        return Path(word).resolve()
    found = [(out, list_versions(out)) for out in outputs(word)]
    places = [(out, versions[-1]) for out, versions in found if versions]
    if not places:
        raise NoExport(f"nothing of {word} was published yet: loyalty-etl export {word}")
    own = [out for out, _ in places if out.parent == exports_dir()]
    return own[0] if own else max(places, key=lambda place: place[1].manifest.finished)[0]


def find_version(out: Path, run_id: str = "") -> Version:
    """Find a version by its run, of which the start is enough; else the newest.

    Raises:
        NoExport: there is none, or more than one.
    """
    versions = list_versions(out)
    found = [one for one in versions if one.folder.name.startswith(run_id)] if run_id else versions
    if not found:
        kept = ", ".join(one.folder.name[:8] for one in versions)
        raise NoExport(f"{out}: no version begins with {run_id}; there are {kept or 'none'}")
    if run_id and len(found) > 1:
        raise NoExport(f"{out}: several versions begin with {run_id}; give more of the id")
    return found[-1]
