"""A DuckDB file with a view over the newest version of every table that was exported."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.exports.looking.columns import describe_columns
from pipelines.exports.looking.ways import quoted, reading_in_sql
from pipelines.exports.manifest import MANIFEST
from pipelines.exports.versions import DATA, Version
from pipelines.feeds import FeedError, read_feed
from pipelines.publishing import LATEST, CannotWrite
from pipelines.settings import private_folder

if TYPE_CHECKING:
    import duckdb

__all__ = ["FILE", "OVERVIEW", "NoDuckDB", "refresh_duckdb", "view_name", "write_duckdb"]

FILE = "exports.duckdb"
MARK = '"'
"""Around names in SQL."""
OVERVIEW = "exports"
"""The view that says of each export when it was read and how whole it is."""
_OVERVIEW = {
    "feed": "VARCHAR",
    "run_id": "VARCHAR",
    "source": "VARCHAR",
    "rows": "BIGINT",
    "proof": "STRUCT(complete BOOLEAN, declared BIGINT, distinct_keys BIGINT, doubts VARCHAR[])",
    "finished": "TIMESTAMPTZ",
}


class NoDuckDB(Exception):  # noqa: N818  (says what is missing)
    """DuckDB is not installed. One line, with what to do."""


def write_duckdb(path: Path, versions: Sequence[Version], texts: dict[str, str]) -> list[str]:
    """Write a DuckDB file anew, in one step; its views read the files of the newest versions.

    They go by `latest`, so that they show what is published after this, with its columns; only a
    feed that is exported for the first time needs the file to be written again.

    Args:
        path: the file; what was there is replaced.
        versions: the newest version of each export, one at least.
        texts: what a feed is for, by its name.

    Returns:
        The names of the views, the overview last.

    Raises:
        NoDuckDB: the package is not installed.
        CannotWrite: the file cannot be written.
    """
    try:
        import duckdb  # noqa: PLC0415  (an extra)
    except ImportError:
        message = "DuckDB is not installed: pip install -e '.[duckdb]', or pip install duckdb"
        raise NoDuckDB(message) from None
    fresh = path.with_name(f".{path.name}.new")
    try:
        private_folder(path.parent)
        fresh.unlink(missing_ok=True)
        with duckdb.connect(str(fresh), config={"autoinstall_known_extensions": False}) as base:
            fresh.chmod(0o600)
            names = _write_views(base, versions, texts)
        fresh.replace(path)
    except (OSError, duckdb.IOException) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no place for a file"
        raise CannotWrite(f"{path} cannot be written ({why}); choose another with -o") from None
    finally:
        with suppress(OSError):
            fresh.unlink()
    return names


def refresh_duckdb(path: Path, versions: Sequence[Version]) -> list[str]:
    """Do so with what the feeds say they are for.

    Raises:
        NoDuckDB, CannotWrite: as `write_duckdb`.
    """
    texts: dict[str, str] = {}
    for version in versions:
        with suppress(FeedError):  # it may be gone, and its export still there
            texts[version.manifest.feed] = read_feed(version.manifest.feed).description
    return write_duckdb(path, versions, texts)


def view_name(version: Version, table: str, taken: Iterable[str] = ()) -> str:
    """Name the view of a table: the feed, and of a child table its name too.

    Where that is taken, such as by an export of the feed into another folder, the folder's name is
    added. SQL does not tell capitals from small letters.
    """
    name = version.manifest.feed + ("" if table == DATA else f"_{table}")
    known = {other.lower() for other in taken}
    while name.lower() in known:
        name += f"_{version.folder.parent.name}"
    return name


def _write_views(
    base: "duckdb.DuckDBPyConnection", versions: Sequence[Version], texts: dict[str, str]
) -> list[str]:
    names: list[str] = []
    for version in versions:
        for table in version.tables:
            if version.files(table):
                name = view_name(version, table, [OVERVIEW, *names])
                _write_view(base, name, version, table, texts.get(version.manifest.feed, ""))
                names.append(name)
    manifests = [quoted(str(one.folder.parent / LATEST / MANIFEST)) for one in versions]
    types = ", ".join(f"{quoted(name, MARK)}: {quoted(kind)}" for name, kind in _OVERVIEW.items())
    read = f"read_json([{', '.join(manifests)}], columns = {{{types}}})"
    proof = ", ".join(
        f"proof.{x} AS {x}" for x in ("complete", "declared", "distinct_keys", "doubts")
    )
    select = f"SELECT feed, run_id, source, rows, finished, {proof} FROM {read}"  # noqa: S608  (quoted)
    base.execute(f"CREATE VIEW {OVERVIEW} AS {select}")
    base.execute(
        f"COMMENT ON VIEW {OVERVIEW} IS 'The newest version of each export, and its proof'"
    )
    return [*names, OVERVIEW]


def _write_view(
    base: "duckdb.DuckDBPyConnection", name: str, version: Version, table: str, text: str
) -> None:
    view = quoted(name, MARK)
    base.execute(f"CREATE VIEW {view} AS SELECT * FROM {reading_in_sql(version, table)}")  # noqa: S608  (quoted)
    if text:
        base.execute(f"COMMENT ON VIEW {view} IS {quoted(text)}")
    for column in describe_columns(version, table):
        if column.description:
            place = f"{view}.{quoted(column.name, MARK)}"
            base.execute(f"COMMENT ON COLUMN {place} IS {quoted(column.description)}")
