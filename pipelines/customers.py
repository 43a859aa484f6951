"""Members one a request: created, updated, or whichever of both is right (readings T15 and T16)."""

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import polars as pl

from connectors.trigg.asking import Asked, Found, Get, can_ask, get_or_none
from connectors.trigg.catalogue import find
from connectors.trigg.errors import ApiError, Refused
from connectors.trigg.held_members import read_member
from connectors.trigg.questions import Patience, put_questions
from delivery.replies import Reply, Verdict
from pipelines.feeds import CustomerTarget
from pipelines.replies import NOT_FOUND, make_call, reply_of
from transforms.customers import Customer, changes, merge, read_customer, write_customer

if TYPE_CHECKING:
    from connectors.trigg.client import Client

_CONFLICT = 409
_PATHS = {
    "id": "/customers/id/{}",
    "externalId": "/customers/externalId/{}",
    "mobilePhone": "/customers?mobilePhone={}",
    "email": "/customers/email/{}",
}
"""Where a customer is looked up by each name, the plus sign of a phone as %2B (reading T08)."""


def make_write(
    client: "Client", target: CustomerTarget, zip_as: Literal["text", "number"] = "number"
) -> Callable[[bytes], Reply]:
    """Give what writes one member, as `pipelines.replies.make_call` gives what makes one call.

    A create is one request. An update reads the member first, and writes only if that would
    change anything; what the record does not say stays. An upsert creates, and updates a member
    who is there; through PUT it is the other way round. What several requests come to is one
    reply: that of the request which decides.
    """
    if target.does == "create":
        return make_call(client, find(target.endpoint))
    writer = _Writer(client, target, zip_as)
    return writer.create_first if target.endpoint.startswith("POST ") else writer.update_first


class _Writer:
    def __init__(
        self, client: "Client", target: CustomerTarget, zip_as: Literal["text", "number"]
    ) -> None:
        posts = target.endpoint.startswith("POST ")
        self._client = client
        self._target = target
        self._zip_as = zip_as
        self._puts = find("PUT /customers" if posts else target.endpoint)
        self._create = make_call(client, find("POST /customers"))
        self._put = make_call(client, self._puts)

    def create_first(self, request: bytes) -> Reply:
        reply = self._create(request)
        if reply.status != _CONFLICT:
            return reply
        wanted = read_customer(request.partition(b"\n")[2])
        try:
            found = {held["id"]: held for held in _look_up(self._client, wanted)}
        except ApiError as error:
            return _not_read(error)
        if len(found) > 1:
            why = f"{reply.reason}; its names are those of {len(found)} customers"
            return Reply(Verdict.REFUSED, _CONFLICT, why, reply.seconds)
        return self._update(wanted, *found.values()) if found else reply

    def update_first(self, request: bytes) -> Reply:
        wanted, name = read_customer(request.partition(b"\n")[2]), self._target.naming[0]
        try:
            held = _get(self._client, name, wanted)
        except ApiError as error:
            return _not_read(error)
        if held is not None:
            return self._update(wanted, held)
        if self._target.does == "update":
            return Reply(Verdict.REFUSED, NOT_FOUND, f"no customer has this {name}")
        new = {name: value for name, value in wanted.items() if name != "id"}
        body = write_customer(_without_nulls(new), "create", self._zip_as)
        return self._create(f"/customers\n{body}".encode())

    def _update(self, wanted: Customer, held: Customer) -> Reply:
        if not changes(held, wanted):
            return Reply(Verdict.TAKEN, 200)
        body = write_customer(_without_nulls(merge(held, wanted)), "update", self._zip_as)
        return self._put(f"{self._puts.path}\n{body}".encode())


def ask_customers(
    target: CustomerTarget,
    get: Get,
    records: pl.DataFrame,
    stop: threading.Event,
    patience: Patience | None = None,
) -> Asked:
    """Ask for each member in doubt by its names, and compare.

    A member has landed if all its names are those of one customer who is what was sent. Else it
    is missing: whoever is there under one of them is another, and the next request is refused
    for that. For a write is never doubled: a create is refused, an update changes nothing.

    Args:
        target: where they were sent.
        get: `Client.get`.
        records: `json` (path and body).
        stop: ends it soon; what is not known by then is unknown.
        patience: how many at a time, and how often.
    """
    texts = records["json"].to_list()
    posts = target.endpoint.startswith("POST ")
    names = ("externalId", "mobilePhone") if posts else target.naming

    def ask(text: str) -> Found:
        wanted = read_customer(text.partition("\n")[2])
        held: list[Customer] = []
        for name in names:
            if not can_ask(str(wanted.get(name) or "")):
                continue
            body = get_or_none(get, _path(name, wanted), None)
            if body is not None and read_member(body) is None:
                return "unknown"
            if body is None or not read_member(body):
                return "missing"
            held.append(read_customer(body))
        if len({str(one.get("id")) for one in held}) != 1:
            return "missing" if held else "unaskable"
        return "missing" if changes(held[0], wanted) else "landed"

    answers = put_questions(texts, ask, patience or Patience(), stop)
    found: list[Found] = [answers.told.get(text, "unknown") for text in texts]
    return Asked(found, answers.error)


def _look_up(client: "Client", wanted: Customer) -> Iterator[Customer]:
    """Give the customers that a create may have clashed with, by each name it has."""
    for name in ("externalId", "mobilePhone", "email"):
        held = _get(client, name, wanted)
        if held is not None and "id" in held:
            yield held


def _get(client: "Client", name: str, wanted: Customer) -> Customer | None:
    """Read the customer that has this name; None if there is none.

    Raises:
        ApiError: it cannot be read.
    """
    if not wanted.get(name):
        return None
    try:
        template = _PATHS[name].format(f"{{{name}}}")
        answer = client.call("GET", _path(name, wanted), told_as=template)
    except Refused as error:
        if error.status == NOT_FOUND:
            return None
        raise
    try:
        return read_customer(answer.body)
    except ValueError:  # an empty list, say
        return None


def _path(name: str, wanted: Customer) -> str:
    return _PATHS[name].format(quote(str(wanted[name]), safe=""))


def _not_read(error: ApiError) -> Reply:
    """Judge a member that could not be read: nothing was written, so nothing is in doubt."""
    reply = reply_of(error, 0.0)
    if reply.verdict in {Verdict.UNCLEAR, Verdict.GATEWAY}:
        return Reply(Verdict.UNREACHED, reply.status, reply.reason)
    return reply


def _without_nulls(customer: Customer) -> Customer:
    """Leave out what is cleared: a write of all there is says so by what it lacks (T15)."""
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value
        for name, value in customer.items()
        if value is not None
    }


__all__ = ["make_write"]
