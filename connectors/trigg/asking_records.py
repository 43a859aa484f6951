"""Asking whether a record that was a request of its own has landed: by what its customer holds."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import polars as pl

from connectors.trigg.asking import Asked, Found, Get, can_ask, get_or_none, unreadable
from connectors.trigg.catalogue import find
from connectors.trigg.endpoint import Endpoint
from connectors.trigg.held_records import (
    Sent,
    find_card,
    find_points,
    find_redemption,
    find_vehicle,
)
from connectors.trigg.lists import Rows, find_list, read_json
from connectors.trigg.questions import Patience, put_questions

__all__ = ["ASKABLE", "ask_records"]

ASKABLE: dict[str, Callable[[Sent, Sequence[Rows]], Found]] = {
    "POST /loyalty/bonus/addRewardPoints": find_points,
    "POST /payment-cards": find_card,
    "POST /modules/vehicles/customerId/{customerId}": find_vehicle,
    "POST /promotions/redeem": find_redemption,
}
"""Method → what decides, by the rows that each of the methods under its `ask` answers with."""


def ask_records(
    endpoint: str,
    get: Get,
    records: pl.DataFrame,
    stop: threading.Event,
    patience: Patience | None = None,
) -> Asked:
    """Ask what each customer holds, once, and look for what is in doubt in it.

    Records that replace an earlier version, and those that are sent alike more than once, are
    never found to have landed: what is there may be the other. A list that may have further pages
    tells nothing.

    Args:
        endpoint: where they were sent, one of `ASKABLE`.
        get: `Client.get`.
        records: `json` (path and body, as `transforms.requests` writes them), `replaces` and
            `sent_at` (Unix seconds).
        stop: ends it soon; what is not known by then is unknown.
        patience: how many at a time, and how often.
    """
    method, decide = find(endpoint), ASKABLE[endpoint]
    asks = [find(name) for name in method.ask]
    rows = records.select("json", "replaces", "sent_at").rows()
    whose = [_whose(method, text) for text, _, _ in rows]
    answers = put_questions(
        filter(can_ask, whose), partial(_ask, get, asks), patience or Patience(), stop
    )
    times = Counter(text for text, _, _ in rows)
    found: list[Found] = []
    for customer, (text, replaces, sent_at) in zip(whose, rows, strict=True):
        lists = answers.told.get(customer)
        if lists is None:
            found.append("unknown" if can_ask(customer) else "unaskable")
            continue
        told = decide(Sent(_body_of(text), sent_at), lists)
        only_one = not replaces and times[text] == 1
        found.append(told if only_one or told != "landed" else "unknown")
    return Asked(found, answers.error)


def _ask(get: Get, asks: Sequence[Endpoint], customer: str) -> list[Rows]:
    lists: list[Rows] = []
    for asked in asks:
        path = asked.path.replace("{customerId}", quote(customer, safe=""))
        # Where a 404 is documented it is an empty list (reading T28).
        body = get_or_none(get, path, None) if 404 in asked.statuses else get(path, None).body
        told = ([], True) if body is None else find_list(body)
        if told is None or not told[1]:
            raise unreadable(asked.path, "no whole list")
        lists.append(told[0])
    return lists


def _whose(method: Endpoint, text: str) -> str:
    """Give the customer of a request: in its query, in its path or in its body."""
    path = urlsplit(text.partition("\n")[0])
    names = ("customerId", "memberId")
    place = next((n for n in names if n in method.parameters), "")
    if place and method.parameters[place].place == "query":
        return parse_qs(path.query).get(place, [""])[0]
    if place:
        steps = zip(method.path.split("/"), path.path.split("/"), strict=True)
        return next(unquote(step) for name, step in steps if name == f"{{{place}}}")
    body = _body_of(text)
    return next((str(body[name]) for name in names if name in body), "")


def _body_of(text: str) -> dict[str, Any]:
    body = read_json(text.partition("\n")[2].encode())
    assert isinstance(body, dict)
    return body
