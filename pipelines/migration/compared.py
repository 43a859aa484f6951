"""What a comparison with the platform comes to: a row a kind, and every difference with its key."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from pipelines.refusing import PART
from transforms.receipts import SCALE

DIFFERENCES = pl.Schema(
    {
        "kind": pl.String,
        "what": pl.String,  # missing, more than sent, another amount, no such customer
        "customer": pl.String,  # the platform's id, or the key that was asked for
        "key": pl.String,  # of the record: the receipt, the card; empty where it is the customer's
        "sent": pl.String,
        "held": pl.String,
    }
)
MISSING, MORE, OTHER, NOBODY = "missing", "more than was sent", "another amount", "no such customer"


@dataclass(frozen=True)
class Compared:
    """One kind of thing, as it was sent and as it is held.

    Attributes:
        kind: what is compared.
        unit: what its numbers count; money has four decimals.
        sent: how many, or how much, was delivered to those asked about.
        before: how much of what is held was there before.
        held: how much the platform holds.
        unasked: how much of what was delivered nobody can be asked about.
        differences: how many there are, in the table.
    """

    kind: str
    unit: str
    sent: int
    before: int
    held: int
    differences: int
    unasked: int = 0

    @property
    def off(self) -> int:
        """How much more is held than was sent and was there before."""
        return self.held - self.before - self.sent


@dataclass
class Comparison:
    """All that was compared.

    Attributes:
        rows: by kind.
        differences: `DIFFERENCES`.
    """

    rows: list[Compared] = field(default_factory=list)
    differences: list[pl.DataFrame] = field(default_factory=list)

    def add(self, row: Compared, *differences: pl.DataFrame) -> None:
        """Note one kind."""
        self.rows.append(row)
        self.differences += differences

    @property
    def table(self) -> pl.DataFrame:
        """Every difference."""
        return pl.concat([pl.DataFrame(schema=DIFFERENCES), *self.differences])


def lost_for_nobody(kind: str, sent: pl.DataFrame) -> pl.DataFrame:
    """Tell what was sent for a customer whom the platform does not know."""
    lost = sent.filter(pl.col("id").is_null(), pl.col("customer") != "")
    return lost.select(
        *texts(kind, NOBODY),
        "customer",
        pl.col("key").str.replace_all(PART, " ", literal=True),
        *rest()[1:],
    )


def texts(kind: str, what: str) -> Iterator[pl.Expr]:
    """Give the columns that say what differs, and how."""
    yield pl.lit(kind).alias("kind")
    yield pl.lit(what).alias("what")


def rest() -> list[pl.Expr]:
    """Give empty columns for what a difference does not tell: key, sent, held."""
    return [pl.lit("").alias(name) for name in ("key", "sent", "held")]


def money(name: str) -> pl.Expr:
    """Write ten-thousandths, which have no sign here, with four decimals."""
    whole = pl.col(name) // SCALE
    return pl.format("{}.{}", whole, (pl.col(name) % SCALE).cast(pl.String).str.zfill(4))


__all__ = [
    "DIFFERENCES",
    "MISSING",
    "MORE",
    "OTHER",
    "Compared",
    "Comparison",
    "lost_for_nobody",
    "money",
    "rest",
    "texts",
]
