"""What goes back over the wire: JSON answers, and refusals in the documented error envelope."""

from http import HTTPStatus

from starlette.responses import Response

from sandbox import strict_json

MAX_FAULTS = 50


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure
    """A request that is answered with an error status.

    Attributes:
        status: the HTTP status.
        message: the envelope's message; the status's own phrase unless given.
        detail: the envelope's detailedErrorMessage: a text, or a list of faults.
        response: an answer that takes the envelope's place; None for the envelope.
    """

    def __init__(self, status: int, detail: object, message: str | None = None) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.message = message or HTTPStatus(status).phrase
        self.response: Response | None = None


def answer(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a response with this JSON text."""
    return Response(body, status, headers, media_type="application/json")


def answer_error(refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    """Return a refusal in the contract's envelope {code, message, detailedErrorMessage}.

    `code` is the status as text (contract T25).
    """
    if refusal.response is not None:
        return refusal.response
    envelope = {
        "code": str(refusal.status),
        "message": refusal.message,
        "detailedErrorMessage": refusal.detail,
    }
    return answer(strict_json.write(envelope), refusal.status, headers)


def refuse_faults(faults: list[dict[str, object]]) -> Refusal:
    """Return the 400 that lists these faults, at most 50 of them and the count of the rest."""
    shown = faults[:MAX_FAULTS]
    if len(faults) > MAX_FAULTS:
        more = f"{len(faults) - MAX_FAULTS} more faults are not listed"
        shown = [*shown, {"path": "", "message": more}]
    return Refusal(400, shown)
