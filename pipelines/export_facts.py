"""What Dagster is told of a published export: its schema, its proof, shapes and counts; no data."""

from dataclasses import asdict

import dagster as dg

from pipelines.asset_facts import table
from pipelines.exports.looking.charting import draw_bars
from pipelines.exports.looking.columns import describe_columns
from pipelines.exports.looking.comparing import read_rows
from pipelines.exports.versions import DATA, Version, list_versions
from pipelines.exports.writing.days import rows_by_day, rows_by_folder
from pipelines.feeds import ExportFeed
from pipelines.feeds.watching import Days
from pipelines.hashing import shape_of

SAMPLE = 5


def describe(feed: ExportFeed, version: Version) -> dict[str, dg.MetadataValue]:
    """Tell the schema with its descriptions, the proof, a sample in shapes, and rows by day."""
    made = version.manifest
    nothing: tuple[object, ...] = (None, (), {}, "")
    facts = {name: fact for name, fact in asdict(made.proof).items() if fact not in nothing}
    proof = [{"fact": name, "is": _text(fact)} for name, fact in facts.items()]
    return {
        "dagster/column_schema": _schema(feed, version),
        "dagster/row_count": dg.MetadataValue.int(made.rows),
        "new_rows": dg.MetadataValue.int(made.new_rows),
        **table("proof", proof),
        **table("sample_in_shapes", _sample(version)),
        **_chart(feed, version),
    }


def rows_of_days(version: Version, days: Days) -> dict[str, int]:
    """Count the rows of each of some days, those without any too."""
    counts = rows_by_folder(version.manifest.files)
    return {day.isoformat(): counts.get(day.isoformat(), 0) for day in days}


def judge_proof(name: str, version: Version) -> dg.AssetCheckResult:
    """Say whether it is known to be complete."""
    proof = version.manifest.proof
    return dg.AssetCheckResult(
        passed=proof.complete,
        check_name=name,
        metadata={"doubts": "; ".join(proof.doubts) or "none", "rows": proof.rows},
    )


def judge_columns(name: str, version: Version) -> dg.AssetCheckResult:
    """Say whether the columns are those of the version before."""
    drift = version.manifest.drift
    told = {
        "added": ", ".join(f"{column} ({kind})" for column, kind in drift.added.items()),
        "gone": ", ".join(f"{column} ({kind})" for column, kind in drift.gone.items()),
        "retyped": ", ".join(f"{c} ({a} → {b})" for c, (a, b) in drift.retyped.items()),
    }
    return dg.AssetCheckResult(
        passed=not any(told.values()),
        check_name=name,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={word: text or "none" for word, text in told.items()},
    )


def _schema(feed: ExportFeed, version: Version) -> dg.MetadataValue:
    never_empty = {*feed.required, *feed.key}
    columns = [
        dg.TableColumn(
            column.name,
            column.type,
            description=column.description or None,
            constraints=dg.TableColumnConstraints(
                nullable=column.name not in never_empty, unique=feed.key == [column.name]
            ),
        )
        for column in describe_columns(version, DATA)
    ]
    return dg.MetadataValue.table_schema(dg.TableSchema(columns))


def _sample(version: Version) -> list[dict[str, str]]:
    """Show the first rows without a person's data: the shape of each value."""
    first = next(read_rows(version, [*version.manifest.columns[DATA]], SAMPLE), None)
    rows = first.to_dicts() if first is not None else []
    return [{name: "" if x is None else shape_of(x) for name, x in row.items()} for row in rows]


def _chart(feed: ExportFeed, version: Version) -> dict[str, dg.MetadataValue]:
    """Draw the rows by day where a column tells it, else those of the versions."""
    title, counts = f"rows by {feed.layout.partition}", rows_by_folder(version.manifest.files)
    if not counts:
        title, counts = "rows by day", rows_by_day(version, _time_of(feed), feed.layout.zone)
    if not counts:
        title = "rows by version"
        kept = list_versions(version.folder.parent)
        counts = {one.manifest.finished[:16].replace("T", " "): one.manifest.rows for one in kept}
    return {title.replace(" ", "_"): dg.MetadataValue.md(draw_bars(title, counts))}


def _time_of(feed: ExportFeed) -> str:
    """Name the column that says of every row when it was; empty if none surely does."""
    times = (name for name in feed.required if feed.types.get(name) in {"timestamp", "date"})
    return next(times, "")


def _text(fact: object) -> str:
    if isinstance(fact, tuple):
        return "; ".join(map(str, fact))
    return f"{fact:,}" if isinstance(fact, int) and not isinstance(fact, bool) else str(fact)


__all__ = ["describe", "judge_columns", "judge_proof", "rows_of_days"]
