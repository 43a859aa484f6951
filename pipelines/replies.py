"""Trigg's answers in the words of `delivery`, which knows no platform."""

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

import polars as pl

from connectors.trigg.asking import Proof, ask_members, ask_receipts
from connectors.trigg.catalogue import JSON, Endpoint
from connectors.trigg.errors import (
    ApiError,
    Busy,
    Forbidden,
    Gateway,
    Refused,
    Unreachable,
)
from connectors.trigg.multipart import wrap_file
from connectors.trigg.questions import Patience
from connectors.trigg.taken import find_no, taken_ids
from delivery.replies import TAKEN_IN, Found, Reply, Verdict

if TYPE_CHECKING:
    from connectors.trigg.client import Client

# No record can be at fault for these: the path is wrong, or how it is spoken to.
NOT_FOUND = 404
_WRONG_PATH = {NOT_FOUND, 405, 406, 410, 415}
_VERDICTS = {
    Unreachable: Verdict.UNREACHED,
    Busy: Verdict.BUSY,
    Forbidden: Verdict.FORBIDDEN,
    Gateway: Verdict.GATEWAY,
}
_TAKEN_IN = 202
_PROOFS: dict[str, tuple[Proof, ...]] = {
    "POST /import": ("absent", "differs"),
    "POST /import/form": ("absent",),  # what differs may be what it has made of a first one
    "POST /import/file": (),  # what is not there may come still
}
"""What proves that a member was not taken."""


def make_post(
    client: "Client",
    path: str,
    content_type: str = JSON,
    *,
    single: bool = False,
    file: str = "",
    confirm: bool = False,
) -> Callable[[bytes], Reply]:
    """Give what sends one body to a path and says what came of it.

    It raises no ApiError; what else is raised is a fault of the toolkit. It may be called from
    several threads.

    Args:
        client: sends.
        path: below the base URL.
        content_type: of the body.
        single: whether a body holds one record: then an answer that tells of it is a yes.
        file: the name of the file that the body is; empty where it is none.
        confirm: whether what was only taken in (202) is in doubt.
    """

    def post(body: bytes) -> Reply:
        whole, kind = wrap_file(body, file, content_type) if file else (body, content_type)
        started = time.perf_counter()
        try:
            answer = client.post(path, whole, kind)
        except ApiError as error:
            return reply_of(error, time.perf_counter() - started)
        taken = taken_ids(answer.body)
        taken_in = answer.status == _TAKEN_IN
        if single and taken:
            taken = None
        if taken_in and confirm:
            taken = frozenset()
        return Reply(
            Verdict.TAKEN,
            answer.status,
            TAKEN_IN if taken_in else "",
            seconds=answer.seconds,
            ids=taken or frozenset(),
            names_taken=taken is not None,
        )

    return post


def make_call(client: "Client", endpoint: Endpoint) -> Callable[[bytes], Reply]:
    """Give what makes the calls of a method that takes one record each.

    What it is given is a line with the path, and below it the body (`transforms.requests`). It
    raises and may be called as `make_post`'s.
    """

    def call(request: bytes) -> Reply:
        path, _, body = request.partition(b"\n")
        started = time.perf_counter()
        try:
            answer = client.call(endpoint.method, path.decode(), body, told_as=endpoint.path)
        except ApiError as error:
            reply = reply_of(error, time.perf_counter() - started)
            if error.status in endpoint.done_if:
                reply = replace(reply, repeats=True)
            if error.status in endpoint.parked_if:
                reply = replace(reply, verdict=Verdict.PARKED)
            if error.status == NOT_FOUND and NOT_FOUND in endpoint.statuses:
                # Whom or what it names is not there: the record's fault, not the path's.
                reply = replace(reply, verdict=Verdict.REFUSED)
            return reply
        why = find_no(answer.body, endpoint.taken_if)
        verdict = Verdict.REFUSED if why else Verdict.TAKEN
        return Reply(verdict, answer.status, why, answer.seconds)

    return call


def make_ask(
    client: "Client",
    endpoint: str,
    *,
    spell: Callable[[str], str] = str,
    patience: Patience | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Callable[[pl.DataFrame, Event], list[Found]]:
    """Give what asks the platform which records have landed.

    Args:
        client: asks.
        endpoint: where they were sent: `POST /transactions` or an import.
        spell: gives the JSON of a member the way it was sent.
        patience: how many questions at a time, and how often each.
        tell: gets a line where a question got no answer of use.

    Returns:
        A function of the records in doubt (columns as `ask_receipts` or `ask_members` have them)
        and an event that ends it early; it gives one `Found` a record, in order.

    Raises:
        KeyError: nothing that is sent there can be asked about.
    """
    proofs = None if endpoint == "POST /transactions" else _PROOFS[endpoint]

    def ask_platform(records: pl.DataFrame, stop: Event) -> list[Found]:
        if proofs is None:
            asked = ask_receipts(client.get, records, stop, patience)
        else:
            sent = records.with_columns(
                json=pl.Series([*map(spell, records["json"])], dtype=pl.String)
            )
            asked = ask_members(client.get, sent, stop, patience, proofs)
        if asked.error is not None:
            # Without the path: there stands whom we asked for.
            tell(f"asking which records have landed: {asked.error.said}; {asked.error.todo}")
        return [Found(word) for word in asked.found]

    return ask_platform


def reply_of(error: ApiError, seconds: float) -> Reply:
    """Say what an exchange came to that ended with an error."""
    verdict = _verdict_of(error)
    return Reply(
        verdict,
        error.status,
        # Who must stop needs the advice as well; a reject needs its reason.
        str(error) if verdict is Verdict.FORBIDDEN else error.said,
        seconds,
        error.retry_after,
        error.named_ids,
        error.named_places,
    )


def _verdict_of(error: ApiError) -> Verdict:
    if isinstance(error, Refused):
        if error.status in _WRONG_PATH:
            return Verdict.FORBIDDEN
        return Verdict.TOO_LARGE if error.status == 413 else Verdict.REFUSED
    return next((v for kind, v in _VERDICTS.items() if isinstance(error, kind)), Verdict.UNCLEAR)
