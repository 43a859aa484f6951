"""Members by the numbers that a source calls them, turned into the platform's ids of them."""

from dataclasses import dataclass
from typing import Literal, Self

import polars as pl

UNKNOWN, TWICE = "unknown.", "twice."
"""Begin the names of the booleans: nobody knows the member; two customers have that number."""


@dataclass(frozen=True)
class CustomerIds:
    """Who is who.

    Attributes:
        legacy: texts in their order, each once.
        customers: the id of each; null where two customers have that text.
    """

    legacy: pl.Series
    customers: pl.Series

    @classmethod
    def of(cls, ids: pl.DataFrame) -> Self:
        """Make them of `legacy_id`, `customer_id` and `conflict` (null where there is none)."""
        ids = ids.select("legacy_id", "customer_id", "conflict")
        if ids["legacy_id"].is_duplicated().any():
            customer = pl.col("customer_id")
            ids = ids.group_by("legacy_id").agg(
                customer.first(),
                conflict=pl.coalesce(
                    pl.col("conflict").drop_nulls().first(),
                    pl.when(customer.str.to_lowercase().n_unique() > 1).then(customer.last()),
                ),
            )
        if not ids["legacy_id"].is_sorted():
            ids = ids.sort("legacy_id")
        alone = pl.when(pl.col("conflict").is_null()).then("customer_id")
        return cls(ids["legacy_id"], ids.select(alone).to_series())

    def find(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Find the customers of texts.

        Returns:
            Their ids, null where there is no text, nobody or two; and whether there are two.
        """
        none = pl.repeat(None, len(texts), dtype=pl.String, eager=True)
        if not len(self.legacy):
            return none, none.is_not_null()
        # A join would build a table of a million ids for every frame; the search needs none.
        places = self.legacy.search_sorted(texts.fill_null("")).clip(0, len(self.legacy) - 1)
        hit = (self.legacy.gather(places) == texts).fill_null(value=False)
        found = self.customers.gather(places)
        return found.zip_with(hit, none), hit & found.is_null()


@dataclass(frozen=True)
class Lookup:
    """How one field becomes a customer.

    Attributes:
        ids: by which.
        unknown: what is done about a member that nobody knows; `anonymous` leaves the field out.
    """

    ids: CustomerIds
    unknown: Literal["wait", "reject", "anonymous"]


def put_customers(mapped: pl.DataFrame, name: str, lookup: Lookup) -> pl.DataFrame:
    """Put customers in the place of a field's texts, which stay where nobody is known.

    Returns:
        The frame, with the booleans `unknown.<name>` and `twice.<name>`.
    """
    texts = mapped[name].str.strip_chars()
    texts = texts.set(texts == "", None)
    found, twice = lookup.ids.find(texts)
    unknown = texts.is_not_null() & found.is_null()
    left = texts.set(unknown, None) if lookup.unknown == "anonymous" else texts
    return mapped.with_columns(
        found.zip_with(~unknown, left).alias(name),
        unknown.alias(f"{UNKNOWN}{name}"),
        twice.alias(f"{TWICE}{name}"),
    )


__all__ = ["TWICE", "UNKNOWN", "CustomerIds", "Lookup", "put_customers"]
