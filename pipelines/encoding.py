"""How a feed's records of one row are written: what stands in a request for each of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from pipelines.feeds import CustomerTarget, LoadFeed, RecordTarget
from transforms.members import encode_customers, encode_members
from transforms.requests import encode_requests

if TYPE_CHECKING:
    from transforms.wire import Form


def make_encoder(feed: LoadFeed) -> Callable[[pl.DataFrame], pl.Series]:
    """Give what writes records that have no fault: a text each."""
    kinds, target = feed.kinds, feed.target
    if isinstance(target, CustomerTarget):
        verb, path = target.endpoint.split(" ")
        form: Form = "create" if verb == "POST" else "update"
        return lambda records: f"{path}\n" + encode_customers(records, kinds, form)
    if not isinstance(target, RecordTarget):
        return lambda records: encode_members(records, kinds)
    method = target.method
    placed = {name: known.place for name, known in method.parameters.items()}
    query = [name for name in kinds if placed.get(name) == "query"]
    inside = {name: kind for name, kind in kinds.items() if name not in placed}
    # A member's date goes out with an hour; one that the contract calls a date has none.
    days = {name for name in inside if (f := method.find_field(name)) and f.kind == "date"}
    inside |= dict.fromkeys(days, "text")

    def encode(records: pl.DataFrame) -> pl.Series:
        return encode_requests(records, method.path, query, inside, body=bool(method.types))

    return encode
