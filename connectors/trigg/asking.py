"""Asking the platform which records have landed, where the answer to sending them was lost.

Only what the platform says without a doubt counts: `missing` leads to a record being sent again,
and a receipt sent twice gives its points twice. All else is `unknown`.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import polars as pl

from connectors.trigg.errors import ApiError, Refused, Unclear
from connectors.trigg.held_members import has_landed, read_member
from connectors.trigg.held_receipts import Held, read_held
from connectors.trigg.questions import Patience, put_questions

if TYPE_CHECKING:
    from connectors.trigg.client import Answer

__all__ = ["Asked", "Found", "Proof", "ask_members", "ask_receipts", "can_find", "find_id"]

Get = Callable[[str, "Mapping[str, str | int] | None"], "Answer"]
"""Asks for a path with parameters: `Client.get`; called from several threads."""
_MISREAD = frozenset("/\\;?#%") | frozenset(map(chr, range(32)))
Proof = Literal["absent", "differs"]
"""What of a member proves that what was sent has not landed: it is not there, or is otherwise."""
Found = Literal["landed", "missing", "unknown", "unaskable"]
"""What is `unaskable` was not asked about and never can be; what is `unknown` may be there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the platform said.

    Attributes:
        found: for each record, in the order of the records.
        error: why records stayed unknown, where a question got no answer of use; one of several.
    """

    found: list[Found]
    error: ApiError | None = None


def ask_receipts(
    get: Get,
    records: pl.DataFrame,
    stop: threading.Event,
    patience: Patience | None = None,
) -> Asked:
    r"""Ask for the receipts of each customer, and look for those in doubt among them.

    One GET /transactions/customerId/{id} a customer, which answers with all their receipts
    (contract: neither pages nor dates). A receipt has landed if it is there with the same store,
    id, kind and gross amount, whatever its sign (reading T18); it is missing if it is not
    there, or the customer is not (404). It is unknown where an earlier version was delivered
    before, where it is there with another amount or its id in another spelling, and where the
    answer fails or lacks what it takes to tell. Without a customer it is unaskable.

    Args:
        get: `Client.get`.
        records: `key` (store, receipt, PURCHASE or RETURN, joined by \x1f), `customer`
            (ConsumerId, empty or null if it has none), `amount` (gross, ten-thousandths),
            `replaces` (an earlier version was delivered before).
        stop: ends it soon; what is not known by then is unknown.
        patience: how many at a time, and how often.

    Raises:
        ValueError: a key is not of three parts.
    """
    rows = records.select("key", "customer", "amount", "replaces").rows()
    wanted = [customer for _, customer, _, replaces in rows if _can_ask(customer) and not replaces]

    def ask(customer: str) -> Held:
        body = _get_or_none(get, f"/transactions/customerId/{quote(customer, safe='')}", None)
        held = Held.empty() if body is None else read_held(body)
        if held is None:
            raise _unreadable("/transactions/customerId", "no list of receipts")
        return held

    answers = put_questions(wanted, ask, patience or Patience(), stop)
    found: list[Found] = []
    for key, customer, amount, replaces in rows:
        store, receipt, kind, *_ = key.split("\x1f")
        held = None if replaces else answers.told.get(customer)
        if held is not None:
            found.append(held.find(store, receipt, kind, amount))
        else:
            found.append("unknown" if _can_ask(customer) else "unaskable")
    return Asked(found, answers.error)


def ask_members(
    get: Get,
    records: pl.DataFrame,
    stop: threading.Event,
    patience: Patience | None = None,
    missing_if: Collection[Proof] = ("absent", "differs"),
) -> Asked:
    r"""Ask for each member in doubt, and compare.

    A member has landed if all that was sent of it is what the platform holds; it is missing if
    there is no such member (404) or something differs: importing it again changes nothing that
    is right already. A member known only by its e-mail is unaskable: that method is a preview.
    Where a repeat may do harm, less proves that it is missing: else it is unknown.

    Args:
        get: `Client.get`.
        records: `key` (`externalId` or `mobilePhone` or `email`, \x1f, value) and `json` (what
            was sent).
        stop: ends it soon; what is not known by then is unknown.
        patience: how many at a time, and how often.
        missing_if: what proves that a member has not landed.
    """
    rows = records.select("key", "json").rows()
    wanted = [key for key, _ in rows if _question_of(key) is not None]

    def ask(key: str) -> dict[str, Any]:
        question = _question_of(key)
        assert question is not None
        body = _get_or_none(get, *question)
        member = {} if body is None else read_member(body)
        if member is None:
            raise _unreadable("/customers", "no customer")
        return member

    answers = put_questions(wanted, ask, patience or Patience(), stop)
    found: list[Found] = []
    for key, sent in rows:
        member = answers.told.get(key)
        if member is None:
            found.append("unknown" if _question_of(key) else "unaskable")
        elif member and has_landed(sent, member):
            found.append("landed")
        else:
            proof: Proof = "differs" if member else "absent"
            found.append("missing" if proof in missing_if else "unknown")
    return Asked(found, answers.error)


def can_find(name: str, value: str) -> bool:
    """Tell whether a customer can be looked up by a name such as `externalId`, and this value."""
    return name == "mobilePhone" or (name in {"externalId", "email"} and _can_ask(value))


def find_id(get: Get, name: str, value: str) -> str | None:
    """Look one customer up, and give the platform's id of it; None if there is no such customer.

    Raises:
        ApiError: there is no answer of use; also where it is about somebody else.
    """
    if name == "mobilePhone":
        path, params = "/customers", {"mobilePhone": value}
    else:
        path, params = f"/customers/{name}/{quote(value, safe='')}", {}
    body = _get_or_none(get, path, params or None)
    customer = {} if body is None else read_member(body)
    if customer == {}:
        return None
    if not customer or not customer.get("id"):
        raise _unreadable("/customers", "no customer")
    if str(customer.get(name)).casefold() != value.casefold():
        raise _unreadable("/customers", "of another customer")
    return str(customer["id"])


def _question_of(key: str) -> tuple[str, Mapping[str, str | int] | None] | None:
    name, _, value = key.partition("\x1f")
    if name == "externalId" and _can_ask(value):
        return f"/customers/externalId/{quote(value, safe='')}", None
    if name == "mobilePhone" and value:
        return "/customers", {"mobilePhone": value}
    return None


def _can_ask(name: str | None) -> bool:
    """Tell whether a name makes a sound part of a path.

    Servers split at an encoded slash too, cut at a semicolon and undo dots; then the answer is
    about something else, and its 404 would be believed.
    """
    return bool(name) and name not in {".", ".."} and _MISREAD.isdisjoint(name or "")


def _get_or_none(get: Get, path: str, params: Mapping[str, str | int] | None) -> bytes | None:
    """Give the body of an answer; None where there is no such customer."""
    try:
        return get(path, params).body
    except Refused as refused:
        # A proxy's 404 says nothing of customers. The platform's may be empty (reading T25).
        if refused.status == 404 and (refused.documented or not refused.detail):
            return None
        raise


def _unreadable(path: str, what: str) -> Unclear:
    fault = f"an answer that is {what}"
    return Unclear("GET", path, fault, status=200, todo="ask the platform's operator")
