"""Members one a request: created, updated, or whichever of both is right (readings T15 and T16)."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from connectors.trigg.catalogue import find
from connectors.trigg.errors import ApiError, Refused
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
        path = _PATHS[name].format(quote(str(wanted[name]), safe=""))
        answer = client.call("GET", path, told_as=_PATHS[name].format(f"{{{name}}}"))
    except Refused as error:
        if error.status == NOT_FOUND:
            return None
        raise
    try:
        return read_customer(answer.body)
    except ValueError:  # an empty list, say
        return None


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
