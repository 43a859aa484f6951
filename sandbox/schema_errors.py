"""pydantic's errors as faults: a path into the body and a message, never a value."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sandbox.strict_json import show

if TYPE_CHECKING:
    from pydantic import ValidationError

_PLAIN = {"missing": "required", "extra_forbidden": "unknown field"}


def spell_path(location: tuple[int | str, ...]) -> str:
    """Return a place in a body as `ReceiptRequests[0].Items[2].Vat`."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{show(step)[1:-1]}"
    return path.removeprefix(".")


def list_faults(error: "ValidationError") -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield the place and the message of each error."""
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        yield fault["loc"], _PLAIN.get(fault["type"]) or fault["msg"]
