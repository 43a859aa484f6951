"""How an export is opened: one line of DuckDB, of Polars, of pandas."""

from pipelines.exports.versions import DATA, Version
from pipelines.publishing import LATEST

__all__ = ["pattern_of", "quoted", "reading_in_sql", "ways_to_open"]


def pattern_of(version: Version, table: str = DATA) -> str:
    """Give the pattern of the files of a table, of the newest version whichever that is."""
    return f"{version.folder.parent / LATEST / table}/**/*.parquet"


def reading_in_sql(version: Version, table: str = DATA) -> str:
    """Write what reads a table of the newest version in DuckDB, as in `FROM …`.

    The columns of folders keep their types; a column that some files lack is empty there.
    """
    return (
        f"read_parquet({quoted(pattern_of(version, table))}, hive_partitioning = true,"
        " union_by_name = true)"
    )


def ways_to_open(version: Version) -> dict[str, str]:
    """Write the line that opens a version, by tool; of the newest one the path that stays."""
    out = version.folder.parent
    newest = (out / LATEST).resolve() == version.folder.resolve()
    folder = (out / LATEST if newest else version.folder) / DATA
    pattern = f"{folder}/**/*.parquet"
    return {
        "DuckDB": f"SELECT * FROM read_parquet({quoted(pattern)}, hive_partitioning = true)",  # noqa: S608  (quoted)
        "Polars": f'pl.read_parquet("{pattern}", hive_partitioning=True)',
        "pandas": f'pd.read_parquet("{folder}")',
    }


def quoted(text: str, mark: str = "'") -> str:
    """Write a text of SQL, or with another mark a name."""
    return mark + text.replace(mark, mark * 2) + mark
