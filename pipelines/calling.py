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
from pipelines.customers import make_write
from pipelines.feeds import (
    CustomerTarget,
    ImportTarget,
    LoadFeed,
    MemberImport,
    RecordTarget,
    TransactionsTarget,
)
from pipelines.feeds.imports import FILE
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
    if isinstance(target, CustomerTarget):
        return Platform(make_write(client, target, feed.values.zip or "number"), is_up=is_up)
    if isinstance(target, RecordTarget):
        return Platform(make_call(client, find(target.endpoint)), is_up=is_up)
    find_out = make_ask(client, target.endpoint, spell=_spelling(target))

    def ask(records: pl.DataFrame, stop: Event) -> list[Found]:
        earlier = fates.gather(records["place"]) == Fate.CHANGED
        return find_out(records.with_columns(earlier.alias("replaces")), stop)

    needs = ("key", "json") if isinstance(target, MemberImport) else ("key", "customer", "amount")
    return Platform(_posting(client, target), ask, needs, is_up)


def _posting(
    client: "Client", target: TransactionsTarget | MemberImport
) -> Callable[[bytes], Reply]:
    path = target.endpoint.removeprefix("POST ")
    if not isinstance(target, ImportTarget):
        (kind,) = find(target.endpoint).types
        return make_post(client, path, kind, single=target.single)
    file = f"members.{target.format}" if target.endpoint == FILE else ""
    return make_post(client, path, target.media, file=file, confirm=target.confirm)


def _spelling(target: TransactionsTarget | MemberImport) -> Callable[[str], str]:
    """Give what tells the JSON of a member as it was sent."""
    if isinstance(target, MemberImport) and target.flat:
        return partial(tell_flat, separator=target.list_separator)
    return str
