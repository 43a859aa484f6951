"""Points and stamps in doubt: what a member has tells whether those sent last have landed.

No method lists single stamps, and none promises to tell single points apart. But a balance, and a
stamp card, is what was there before, what is known as delivered, and what is in doubt or not:
where that leaves one answer, it is written down as `loyalty-etl resolve` would.
"""

import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import polars as pl

from delivery.ledger import Fate, State
from delivery.records import RecordFile, unpack_places
from pipelines.loading import RECORDS
from pipelines.migration.asking import Asker, MigrationStopped
from pipelines.migration.before import Before
from pipelines.migration.sources import Source
from pipelines.settling import settle
from transforms.receipts import SCALE
from transforms.requests import bodies_of

if TYPE_CHECKING:
    from delivery.ledger import Load
    from delivery.ledger.book import Ledger

SUMMED = ("points", "stamps")
"""Kinds that are sums of what was sent."""
CARD = ["customer", "card"]


def settle_sums(
    ledger: "Ledger", source: Source, loads: list["Load"], before: Before, asker: Asker
) -> int:
    """Settle what the cards leave no doubt about; give how many records that are.

    Args:
        ledger: open.
        source: the feed of points or stamps, as its source is now.
        loads: of the feed, those that may hold something in doubt.
        before: what members had before the migration.
        asker: asks for the cards.

    Raises:
        ApiError: the platform does not answer.
        LedgerBusy: the feed is being loaded.
        MigrationStopped: it was told to stop.
    """
    doubted = pl.concat(
        [_NONE, *(part for load in loads for part in _doubted(ledger, load))], how="vertical"
    )
    if doubted.is_empty():
        return 0
    latest = doubted["sent_at"].max()
    sent_at = latest if isinstance(latest, float) else 0.0
    _wait(sent_at, source.feed.delivery.settle, asker.stop)
    told = asker.ask("customer by id", doubted["customer"].unique().to_list())
    asker.forget()
    held = _had(told["customers"], told["stamps"], "question", source.kind)
    members = before.members.drop_nulls("id")
    stamps = before.stamps.join(members.select("question", "id"), on="question")
    judged = _judge(doubted, source, held, _had(members, stamps, "id", source.kind))
    by_id = {load.id: load for load in loads}
    for (load, landed), batches in judged.group_by("load", "landed"):
        settle(ledger, by_id[str(load)], batches["batch"].to_list(), landed=bool(landed))
    return judged.height


_NONE = pl.DataFrame(
    schema={
        "load": pl.String,
        "batch": pl.Int64,
        "sent_at": pl.Float64,
        "customer": pl.String,
        "card": pl.String,
        "count": pl.Int64,
    }
)


def _doubted(ledger: "Ledger", load: "Load") -> list[pl.DataFrame]:
    """Give the records in doubt of a load, whose batches hold one each."""
    entries = [e for e in ledger.entries(load.id, {State.IN_DOUBT}) if e.records == 1]
    path = Path(load.folder) / RECORDS
    if not entries or not path.exists():
        return []
    places = [unpack_places(entry.places)[0] for entry in entries]
    facts = pl.DataFrame(
        {
            "place": pl.Series(places, dtype=pl.UInt32),
            "batch": [entry.number for entry in entries],
            "sent_at": pl.Series([entry.sent_at for entry in entries], dtype=pl.Float64),
        }
    )
    taken = RecordFile(path).take(facts["place"].sort(), ("customer", "amount", "json"))
    rows = taken.select(
        "place",
        pl.lit(load.id).alias("load"),
        pl.col("customer").str.to_lowercase(),
        card=bodies_of(taken["json"]).str.json_path_match("$.id").str.to_lowercase().fill_null(""),
        count=pl.col("amount") // SCALE,
    )
    return [rows.join(facts, on="place").select(_NONE.columns)]


def _had(members: pl.DataFrame, stamps: pl.DataFrame, name: str, kind: str) -> pl.DataFrame:
    """Give what members have: `customer`, `card` (empty for points) and `had`."""
    customer = pl.col(name).str.to_lowercase().alias("customer")
    if kind == "points":
        rows = members.select(customer, pl.lit("").alias("card"), had=pl.col("points") // SCALE)
    else:
        rows = stamps.select(customer, pl.col("card").str.to_lowercase(), had="count")
    return rows.unique(CARD)


def _judge(
    doubted: pl.DataFrame, source: Source, held: pl.DataFrame, before: pl.DataFrame
) -> pl.DataFrame:
    """Say of each that landed, or did not; where two are in doubt only if both did, or none.

    Returns:
        `load`, `batch` and `landed`.
    """
    card = pl.col("detail").str.to_lowercase().fill_null("")
    known = source.records.filter(pl.col("fate") == Fate.UNCHANGED).group_by(
        pl.col("customer").str.to_lowercase(), card=card
    )
    cards = (
        doubted.group_by(CARD)
        .agg(doubted=pl.col("count").sum())
        .join(known.agg(known=pl.col("amount").sum() // SCALE), on=CARD, how="left")
        .join(before, on=CARD, how="left")
        .join(held.rename({"had": "held"}), on=CARD, how="left")
        .with_columns(pl.col("known", "had", "held").fill_null(0))
        .with_columns(more=pl.col("held") - pl.col("had") - pl.col("known"))
    )
    sure = cards.filter((pl.col("more") == 0) | (pl.col("more") == pl.col("doubted")))
    landed = sure.select(*CARD, landed=pl.col("more") != 0)
    return doubted.join(landed, on=CARD).select("load", "batch", "landed")


def _wait(sent_at: float, settle_seconds: float, stop: Event) -> None:
    """Wait until the platform can no longer be at work on the last of them."""
    if stop.wait(max(0.0, sent_at + settle_seconds - time.time())):
        raise MigrationStopped


__all__ = ["SUMMED", "settle_sums"]
