"""What a member lacks, taken from those that are merged into it."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from delivery.records import RecordFile
from pipelines.feeds import LoadFeed
from pipelines.feeds.words import LISTED
from pipelines.refusing import PART


def fill_members(feed: LoadFeed, records: Path, losers: pl.DataFrame) -> pl.DataFrame:
    """Fill members with what the others of their group have, the best of these first.

    A field that has a value, or is cleared, stays; and nothing is filled in that would name the
    member by another key than its own. One list a group, and few groups: no work on columns.

    Args:
        feed: its words.
        records: the records file.
        losers: `place`, `survivor`, `rank` and `merged_into` of each that is merged.

    Returns:
        `place` and `json` of each member that was given something.
    """
    file = RecordFile(records)
    stay = losers.unique("survivor").select(
        pl.col("survivor").alias("place"), pl.col("merged_into").alias("key")
    )
    texts = file.take(stay["place"], ("json",)).join(stay, on="place")
    others = losers.select("place", "survivor", "rank").join(
        file.take(losers["place"], ("json",)), on="place"
    )
    given = others.sort("survivor", "rank").group_by("survivor", maintain_order=True).agg("json")
    pairs = texts.join(given, left_on="place", right_on="survivor", suffix="_given")
    filled = [
        (place, _fill(feed, key, text, more))
        for place, key, text, more in pairs.select("place", "key", "json", "json_given").iter_rows()
    ]
    made = pl.DataFrame(filled, schema={"place": pl.UInt32, "json": pl.String}, orient="row")
    return made.filter(pl.col("json").is_not_null())


def _fill(feed: LoadFeed, key: str, text: str, others: list[str]) -> str | None:
    named = key.partition(PART)[0]
    kept = set(feed.key[: feed.key.index(named)])
    member = json.loads(text)
    given = [_take(member, json.loads(other), kept) for other in others]
    if not any(given):
        return None
    order = list(dict.fromkeys(name.partition(".")[0] for name in feed.mapping))
    whole = {name: member[name] for name in order if name in member}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _take(member: dict[str, Any], other: dict[str, Any], kept: set[str]) -> bool:
    """Put into one object what it lacks and the other has; say whether there was anything."""
    took = False
    for name, value in other.items():
        if value is None or name in kept:
            continue
        if name not in member:
            member[name] = value
            took = True
        elif isinstance(value, dict) and isinstance(member[name], dict):
            took |= _take(member[name], value, set())
        elif name == LISTED:
            there = {key for each in member[name] for key in each}
            more = [each for each in value if not {*each} & there]
            member[name] += more
            took |= bool(more)
    return took


__all__ = ["fill_members"]
