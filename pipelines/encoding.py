"""How a feed's records are written: each as JSON, and what a request's body is made of them."""

from collections.abc import Callable, Mapping

import polars as pl

from delivery.batches import Envelope
from pipelines.feeds import (
    CustomerTarget,
    FormTarget,
    ImportTarget,
    LoadFeed,
    RecordTarget,
    TransactionsTarget,
)
from transforms.bodies import csv_header, make_csv, make_form, make_xml
from transforms.members import encode_customers, encode_members
from transforms.requests import encode_requests
from transforms.wire import Form


def form_of(feed: LoadFeed) -> Form:
    """Say which way the body of a record is spelled, where it is of a person."""
    if isinstance(feed.target, CustomerTarget):
        return "create" if feed.target.endpoint.startswith("POST ") else "update"
    return "import"


def make_encoder(feed: LoadFeed) -> Callable[[pl.DataFrame], pl.Series]:
    """Give what writes records that have no fault: a text each."""
    kinds, target = feed.kinds, feed.target
    if isinstance(target, CustomerTarget):
        path, form = target.endpoint.partition(" ")[2], form_of(feed)
        return lambda records: f"{path}\n" + encode_customers(records, kinds, form)
    if not isinstance(target, RecordTarget):
        return lambda records: encode_members(records, kinds)
    method = target.method
    placed = {name: known.place for name, known in method.parameters.items()}
    query = [name for name in kinds if placed.get(name) == "query"]
    inside = {n: kind for n, kind in kinds.items() if n not in placed and not feed.is_listed(n)}
    # A member's date goes out with an hour; one that the contract calls a date has none.
    days = {name for name in inside if (f := method.find_field(name)) and f.kind == "date"}
    inside |= dict.fromkeys(days, "text")

    def encode(records: pl.DataFrame) -> pl.Series:
        return encode_requests(records, method.path, query, inside, body=bool(method.types))

    return encode


def envelope_of(feed: LoadFeed) -> Envelope:
    """Say how records become the body of a request."""
    match feed.target:
        case TransactionsTarget():
            return Envelope.of_json("ReceiptRequests")
        case ImportTarget():
            return _import_of(feed.target, feed.kinds)
        case FormTarget(list_separator=separator):
            return Envelope(write=make_form(feed.kinds, separator))
        case _:
            return Envelope()


def _import_of(target: ImportTarget, kinds: Mapping[str, str]) -> Envelope:
    root, between, separator = target.envelope, target.delimiter, target.list_separator
    match target.format:
        case "json":
            return Envelope.of_json(root)
        case "xml":
            start = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>\n'.encode()
            write = make_xml(kinds, target.element, separator)
            return Envelope(start, f"\n</{root}>\n".encode(), b"\n", write)
        case "csv":
            head = csv_header(kinds, between).encode() + b"\r\n"
            return Envelope(head, b"\r\n", b"\r\n", make_csv(kinds, between, separator))
