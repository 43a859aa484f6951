"""Answers that tell nothing of the batch, and refusals in every style that happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer, answer_error
from sandbox.faults.rules import Busy, Poison, Redirect, Rule

_ABSURD = ("9999999999", "-1", "soon", "Thu, 01 Jan 1970 00:00:00 GMT")


def _show_html(status: int, title: str) -> Response:
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n"
        f"<body><h1>{title}</h1><p>Please try again later.</p></body></html>\n"
    )
    return Response(page, status, media_type="text/html")


def answer_hit(rule: Rule, number: int) -> Response:  # noqa: PLR0911 - one for each kind
    """Return the answer of a fault that is one; `number` says how often the rule has fired."""
    if isinstance(rule, Busy):
        return answer_error(Refusal(429, {}), _spell_retry_after(rule, number))
    if isinstance(rule, Redirect):
        headers = {"location": rule.location}
        return Response("Please log in.", 302, headers, media_type="text/html")
    match rule.fault:
        case "gateway":
            # Spelled as the contract's sample of a 502.
            failed = "Connection to backend system failed. System: sandbox"
            detail = {"gateway": failed, "gatewayMessage": "the backend did not answer"}
            return answer_error(Refusal(502, detail))
        case "html_503":
            return _show_html(503, "Down for maintenance")
        case "html_200":
            return _show_html(200, "Welcome")
        case "unauthorized":
            return answer_error(
                Refusal(401, "the header x-api-key is absent or holds an unknown key")
            )
        case "forbidden":
            return answer_error(Refusal(403, "this key may not use the method any more"))
        case kind:
            return answer_error(Refusal(int(kind.removeprefix("error_")), {}))


def _spell_retry_after(rule: Busy, number: int) -> dict[str, str]:
    if rule.retry_after == "none":
        return {}
    if rule.retry_after == "absurd":
        return {"retry-after": _ABSURD[(number - 1) % len(_ABSURD)]}
    if rule.retry_after_as == "date":
        when = datetime.now(UTC) + timedelta(seconds=rule.retry_after)
        return {"retry-after": format_datetime(when, usegmt=True)}
    return {"retry-after": format(rule.retry_after, "g")}


@dataclass(frozen=True, slots=True)
class Bad:
    """One record that is refused: the name and value of its id, and where it stands in the body."""

    id_name: str
    id: str
    place: str

    def show(self, *names: str) -> dict[str, object]:
        """Return the fields of these names of a fault."""
        message = "this record cannot be taken"
        said = {self.id_name: self.id, "path": self.place, "message": message}
        return {name: value for name, value in said.items() if not names or name in names}


def refuse_bad(rule: Poison, found: Sequence[Bad]) -> Refusal:
    """Return the refusal of a batch for its bad records, in the rule's style."""
    bad = found[:1] if rule.names == "first" else found
    first = bad[0]
    details: dict[str, object] = {
        "string": f"{first.id_name} {', '.join([b.id for b in bad])} cannot be taken",
        "list": [b.show() for b in bad],
        "paths": [b.show("path", "message") for b in bad],
        "object": first.show(),
        "empty": None,
        "vague": "One or more records in the request could not be processed.",
    }
    refusal = Refusal(rule.status, details.get(rule.style))
    if rule.style == "no_body":
        refusal.response = Response(status_code=rule.status)
    elif rule.style == "html":
        refusal.response = _show_html(rule.status, "Bad request")
    return refusal


def answer_names(receipts: Sequence[tuple[str, str]]) -> Response:
    """Return a 200 that names receipts by StoreId and ReceiptId; its form is invented."""
    named = [{"storeId": store, "receiptId": receipt} for store, receipt in receipts]
    return answer(strict_json.write({"receipts": named}))
