"""What a member lacks, taken from those that are merged into it."""

from pathlib import Path

import polars as pl

from delivery.records import RecordFile
from pipelines.encoding import form_of
from pipelines.feeds import CustomerTarget, LoadFeed, RecordTarget
from pipelines.feeds.customers import ONCE
from pipelines.refusing import PART
from transforms.filling import fill_member


def fill_members(feed: LoadFeed, records: Path, losers: pl.DataFrame) -> pl.DataFrame:
    """Fill members with what the others of their group have, the best of these first.

    Nothing is filled in that would name the member by another key than its own. One text a group,
    and few groups: no work on columns.

    Args:
        feed: its words.
        records: the records file.
        losers: `place`, `key`, `survivor`, `rank` and `merged_into` of each that is merged.

    Returns:
        `place` and `json` of each member that was given something.
    """
    file, kinds, form = RecordFile(records), feed.kinds, form_of(feed)
    stay = losers.unique("survivor").select(
        pl.col("survivor").alias("place"), pl.col("merged_into").alias("key")
    )
    texts = file.take(stay["place"], ("json",)).join(stay, on="place")
    others = losers.select("place", "key", "survivor", "rank").join(
        file.take(losers["place"], ("json",)), on="place"
    )
    given = (
        others.sort("survivor", "rank")
        .group_by("survivor", maintain_order=True)
        .agg(pl.col("json").alias("others"), pl.col("key").alias("keys"))
    )
    pairs = texts.join(given, left_on="place", right_on="survivor")
    filled = []
    for place, key, text, more, keys in pairs.select(
        "place", "key", "json", "others", "keys"
    ).iter_rows():
        kept = [_kept(feed, key, other) for other in keys]
        filled.append((place, fill_member(text, zip(more, kept, strict=True), kinds, form)))
    made = pl.DataFrame(filled, schema={"place": pl.UInt32, "json": pl.String}, orient="row")
    return made.filter(pl.col("json").is_not_null())


def _kept(feed: LoadFeed, key: str, other: str) -> list[str]:
    """Name the fields that one of another key does not give to one of this key."""
    if isinstance(feed.target, RecordTarget):  # all of its names are its key
        return feed.key
    before = feed.key[: feed.key.index(key.partition(PART)[0])]
    # Who is there under two keys is two customers, and no two have one phone.
    updates = isinstance(feed.target, CustomerTarget) and feed.target.does == "update"
    apart = updates and key != other
    return [*before, *ONCE] if apart else before


__all__ = ["fill_members"]
