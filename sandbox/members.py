"""The body of POST /import as customers.

The contract leaves this body free (T05). Here it is one array of objects under one name. What is
ours to say: a member has an externalId, a mobilePhone or an e-mail, found in that order; fields the
customer object has go there, if what they hold has its form; all others are kept in
extendedProperties, numbers to the last digit.
"""

from typing import Any

from pydantic import TypeAdapter

from sandbox import strict_json
from sandbox.answers import Refusal, refuse_faults
from sandbox.bodies import Record
from sandbox.customer_schema import Consents
from sandbox.strict_json import show

KEYS = ("externalId", "mobilePhone", "email")
_PLAIN = frozenset(
    {*KEYS, "firstName", "lastName", "address", "zip", "city", "country", "birthDate", "gender"}
)
_TEXTS = TypeAdapter(list[str])
_TYPED: dict[str, TypeAdapter[Any]] = {
    "favoriteStores": _TEXTS,
    "interests": _TEXTS,
    "consents": TypeAdapter(Consents),
}


def read_members(text: str, envelope: str | None = None) -> tuple[str, list[Record]]:
    """Return the name of the array and a record for each member.

    Raises:
        Refusal: as `make_records`, and 400 for a body of another form.
        NotJsonError: the text is not JSON.
    """
    body = strict_json.read(text)
    name, members = next(iter(body.items()), ("", None)) if isinstance(body, dict) else ("", None)
    if not isinstance(body, dict) or len(body) != 1 or not isinstance(members, list):
        raise Refusal(400, "the body must be one object with one array of objects in it")
    if envelope is not None and name != envelope:
        raise Refusal(400, f"the array must be called {envelope}, not {show(name)}")
    return name, make_records(name, members)


def make_records(name: str, members: list[object]) -> list[Record]:
    """Return a record for each of the members found in the array called `name`.

    Raises:
        Refusal: 400 with {path, message} for each fault; then none of them is taken (T03).
    """
    if not members:
        raise Refusal(400, f"{show(name)} holds no member")
    faults: list[dict[str, object]] = []
    for i, member in enumerate(members):
        faults += [
            {"path": f"{show(name)[1:-1]}[{i}]{path}", "message": message}
            for path, message in _find_faults(member)
        ]
    if faults:
        raise refuse_faults(faults)
    return [_make_record(member) for member in members if isinstance(member, dict)]


def _find_faults(member: object) -> list[tuple[str, str]]:
    if not isinstance(member, dict):
        return [("", "must be an object")]
    faults = [
        (f".{key}", "must be text, and not empty")
        for key in KEYS
        if member.get(key) is not None and not _is_key(member[key])
    ]
    if all(member.get(key) is None for key in KEYS):
        faults.append(("", f"needs one of {', '.join(KEYS)}"))
    return faults


def _is_key(value: object) -> bool:
    """Tell whether this is text; half a surrogate pair is not, and SQLite would fail on it."""
    return (
        isinstance(value, str) and value != "" and value == value.encode(errors="ignore").decode()
    )


def _make_record(member: Record) -> Record:
    """Return the member as a customer's record; a null says nothing about a plain field."""
    record: Record = {
        name: value for name, value in member.items() if name in _PLAIN and value is not None
    }
    rest = {n: v for n, v in member.items() if n not in _PLAIN and n != "extendedProperties"}
    for name in _TYPED.keys() & rest.keys():
        if _TYPED[name].validator.isinstance_python(rest[name], strict=True):
            record[name] = rest.pop(name)
    given = member.get("extendedProperties")
    if isinstance(given, dict):
        rest |= given
    elif given is not None:
        rest["extendedProperties"] = given
    if rest:
        record["extendedProperties"] = rest
    return record
