"""What a feed's delivery calls: how its records are sent, and how it is asked which have landed."""

from collections.abc import Callable
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import polars as pl

from connectors.trigg.catalogue import find
from delivery.ledger import Fate
from delivery.replies import Found, Reply
from delivery.sending import Platform
from pipelines.customers import ask_customers, make_write
from pipelines.feeds import (
    CustomerTarget,
    ImportTarget,
    LoadFeed,
    MemberImport,
    RecordTarget,
    TransactionsTarget,
)
from pipelines.feeds.imports import FILE
from pipelines.feeds.records import Batch
from pipelines.replies import make_ask, make_call, make_post
from transforms.bodies import tell_flat

if TYPE_CHECKING:
    from connectors.trigg.client import Client


def make_platform(
    client: "Client", feed: LoadFeed, fates: pl.Series, is_up: Callable[[], bool]
) -> Platform:
    """Give what is called for the records of a feed.

    Args:
        client: of the account.
        feed: its words.
        fates: what the ledger knew of each record (`Fate`).
        is_up: tells whether the platform answers.
    """
    target = feed.target
    asks = partial(ask_customers, target) if isinstance(target, CustomerTarget) else None
    find_out = make_ask(client, target.endpoint, spell=_spelling(target), ask=asks)

    def ask(records: pl.DataFrame, stop: Event) -> list[Found]:
        assert find_out is not None
        earlier = fates.gather(records["place"]) == Fate.CHANGED
        return find_out(records.with_columns(earlier.alias("replaces")), stop)

    of_receipts = isinstance(target, TransactionsTarget)
    needs = ("key", "customer", "amount") if of_receipts else ("key", "json")
    return Platform(_sending(client, feed), ask if find_out else None, needs, is_up)


def _sending(client: "Client", feed: LoadFeed) -> Callable[[bytes], Reply]:
    target = feed.target
    if isinstance(target, CustomerTarget):
        return make_write(client, target, feed.values.zip or "number")
    if isinstance(target, RecordTarget):
        return make_call(client, find(target.endpoint))
    path = target.endpoint.removeprefix("POST ")
    if not isinstance(target, ImportTarget):
        (kind,) = find(target.endpoint).types
        return make_post(client, path, kind, single=target.single)
    file = f"members.{target.format}" if target.endpoint == FILE else ""
    return make_post(client, path, target.media, file=file, confirm=target.confirm)


def _spelling(target: Batch) -> Callable[[str], str]:
    """Give what tells the JSON of a member as it was sent."""
    if isinstance(target, MemberImport) and target.flat:
        return partial(tell_flat, separator=target.list_separator)
    return str
