"""The stores that sources name, against those that the platform knows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.files import read
from connectors.trigg.errors import Unclear
from pipelines.feeds import LoadFeed
from pipelines.loading import file_source_of
from pipelines.migration.words import PlannedFeed
from pipelines.progress import Progress, Step
from pipelines.shaping import map_rows
from pipelines.sourcing import bring, path_of, resolve_source

if TYPE_CHECKING:
    from connectors.trigg.client import Client

FIELDS = ("Header.StoreId", "storeId", "source.storeId", "favoriteStores")
"""The fields that hold ids of stores."""
_SHOWN = 5
STORES_FILE = "stores.parquet"


class UnknownStoresError(Exception):
    """Sources name stores that the platform does not know."""

    def __init__(self, unknown: pl.DataFrame, path: Path) -> None:
        first = ", ".join(
            f"{store!r} ({feed}, {rows:,} rows)"
            for store, feed, rows in unknown.head(_SHOWN).select("store", "feed", "rows").rows()
        )
        more = f" and {unknown.height - _SHOWN:,} more" if unknown.height > _SHOWN else ""
        super().__init__(
            f"the platform does not know {unknown['store'].n_unique():,} stores that the sources"
            f" name: {first}{more}; all are in {path}: have them made there, map them to others"
            " (`lookup`), or say `stores: warn` in the plan"
        )


@dataclass(frozen=True)
class Stores:
    """What was found.

    Attributes:
        named: `store`, `feed`, `rows` and `known` of each store that a source names.
        unused: how many stores of the platform no source names.
    """

    named: pl.DataFrame
    unused: int

    @property
    def unknown(self) -> pl.DataFrame:
        """Those that the platform does not know."""
        return self.named.filter(~pl.col("known"))


def compare_stores(
    feeds: Sequence[PlannedFeed], client: "Client", folder: Path, progress: Progress
) -> Stores:
    """Read every source for the stores it names, and ask for those there are.

    A store is known by its id, or by the `externalId` among its extended properties, without case
    (reading T30).

    Raises:
        ApiError: the platform does not answer, or not with stores.
        SourceError: a source cannot be read.
    """
    known = _list_stores(client)
    parts = [
        rows.with_columns(pl.lit(planned.name).alias("feed"))
        for planned in feeds
        for rows in _named(planned.feed, folder / "stores" / planned.name, progress)
    ]
    empty = pl.DataFrame(schema={"store": pl.String, "rows": pl.UInt32, "feed": pl.String})
    named = (
        pl.concat([empty, *parts])
        .group_by("store", "feed")
        .agg(pl.col("rows").sum())
        .with_columns(known=pl.col("store").str.to_lowercase().is_in(list(known)))
        .sort("rows", "store", "feed", descending=[True, False, False])
    )
    used = set(named["store"].str.to_lowercase())
    return Stores(named, sum(used.isdisjoint(names) for names in {*known.values()}))


def _named(feed: LoadFeed, folder: Path, progress: Progress) -> Iterator[pl.DataFrame]:
    """Give the stores that a source names, with the rows that do, some rows at a time."""
    fields = [name for name in FIELDS if name in feed.mapping]
    if not fields:
        return
    source = bring(
        resolve_source(path_of(feed.source, feed.partitions)), folder, feed.source.limits, progress
    )
    rows = 0
    for frame in read(file_source_of(feed, source)):
        rows += frame.height
        progress(Step("looking for stores", rows=rows))
        mapped = map_rows(feed, frame)
        for name in fields:
            stores = mapped[name].alias("store")
            if name == "favoriteStores":  # a list of texts, or one
                stores = stores.explode() if stores.dtype == pl.List else stores
            counts = stores.drop_nulls().value_counts(name="rows")
            yield counts.filter(pl.col("store") != "").select("store", "rows")


def _list_stores(client: "Client") -> dict[str, frozenset[str]]:
    """Give each name that a store has, in small letters, with all names of that store."""
    answer = client.get("/stores")
    try:
        found = json.loads(answer.body)
        stores = found["data"] if isinstance(found, dict) else found
        every = [frozenset(_names_of(store)) for store in stores]
    except (ValueError, TypeError, KeyError, AttributeError):
        what = "an answer that is no list of stores"
        raise Unclear("GET", "/stores", what, status=200, todo="ask the operator") from None
    return {name: names for names in every for name in names}


def _names_of(store: dict[str, Any]) -> Iterator[str]:
    own = (store.get("extendedProperties") or {}).get("externalId")
    for name in (store["id"], own):
        if name is not None:
            yield str(name).lower()


__all__ = ["STORES_FILE", "Stores", "UnknownStoresError", "compare_stores"]
