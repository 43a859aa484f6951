"""The members of a feed's source: by what each is known, and who stands for it at the platform."""

from pathlib import Path

import polars as pl

from connectors.files import read
from delivery.records import read_records
from pipelines.feeds import LoadFeed, list_feeds, read_feed
from pipelines.loading import RECORDS, file_source_of, prepare, read_refused
from pipelines.progress import Progress
from pipelines.refusing import PART
from pipelines.sourcing import bring, path_of, resolve_source

MERGED, BESIDE = "merged", "beside"


class NoMembersError(Exception):
    """A feed has no members whose ids could be learned."""


def read_members(feed: LoadFeed, source: str, folder: Path, progress: Progress) -> pl.DataFrame:
    """Read a source as a load would, and send nothing.

    Args:
        feed: its words.
        source: a path or URL instead of the feed's own.
        folder: an empty one, for what is made on the way: personal data.
        progress: told how far it is.

    Returns:
        A row for each text that a member is known by: `name` and `legacy_id` say by what,
        `key_name` and `key` what its member is sent as, or the one that it is merged into, and
        `how` is null for the key itself, `merged` for that of a merged one, `beside` for another.

    Raises:
        SourceError: it cannot be read to its end, or holds nothing.
    """
    source = resolve_source(source or path_of(feed.source, feed.partitions))
    path = bring(source, folder, feed.source.limits, progress)
    prepare(feed, path, folder, "", progress, told_as=source, notice=lambda *_: None)
    columns = ("key", "row")
    kept = [pl.DataFrame(schema={"key": pl.String, "row": pl.Int64})]
    kept += [frame.select(columns) for frame in read_records(folder / RECORDS, columns)]
    merged = read_refused(folder).filter(pl.col("merged_into").is_not_null())
    members = pl.concat(
        [
            pl.concat(kept).with_columns(into="key", how=pl.lit(None, pl.String)),
            merged.select(*columns, into="merged_into", how=pl.lit(MERGED)),
        ]
    )
    named = members.select(
        *_parts("key", "name", "legacy_id"), *_parts("into", "key_name", "key"), "how"
    )
    return pl.concat([named, *_beside(feed, path, members)])


def how_to_learn(feed: LoadFeed) -> str:
    """Give the command that learns the ids which this feed needs, of the feeds that come before."""
    before = [(name, read_feed(name)) for name in feed.after if name in list_feeds()]
    members = [name for name, f in before if isinstance(f, LoadFeed) and f.target.noun == "member"]
    return f"loyalty-etl ids learn {members[0] if members else 'FEED, that of the members'}"


def _parts(column: str, name: str, value: str) -> list[pl.Expr]:
    """Take a delivery key apart."""
    parts = pl.col(column).str.splitn(PART, 2)
    return [parts.struct.field(f"field_{n}").alias(alias) for n, alias in enumerate((name, value))]


def _beside(feed: LoadFeed, path: Path, members: pl.DataFrame) -> list[pl.DataFrame]:
    """Give the texts of the columns that name members beside their key."""
    columns = feed.ids.columns
    if not columns:
        return []
    whose = members.select("row", *_parts("into", "key_name", "key"), how=pl.lit(BESIDE))
    return [
        frame.select("_row", *columns)
        .unpivot(columns, index="_row", variable_name="name", value_name="legacy_id")
        .with_columns(pl.col("legacy_id").str.strip_chars())
        .filter(pl.col("legacy_id") != "")
        .join(whose, left_on="_row", right_on="row")
        .select("name", "legacy_id", "key_name", "key", "how")
        for frame in read(file_source_of(feed, path))
    ]


__all__ = ["BESIDE", "MERGED", "NoMembersError", "how_to_learn", "read_members"]
