"""Putting one question of a method without pages; errors tell its path as printed, and nobody."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import polars as pl
import xxhash

from connectors.trigg.asking import can_ask
from connectors.trigg.endpoint import Endpoint
from connectors.trigg.errors import Refused, Unclear
from connectors.trigg.pieces import read_pieces
from connectors.trigg.records import BadAnswer, Records, path_of, read_records, to_json
from delivery.policy import Policy
from pipelines.feeds.read import Read

if TYPE_CHECKING:
    from connectors.trigg.client import Client

__all__ = ["OfMember", "OfMethod", "Question", "policy_of"]

_WRONG_PATH = {404, 405, 406, 410, 415}
"""Refusals that say nothing of whom was asked about, unless they are documented."""
_NOBODY = "the name does not make a sound part of a path"


@dataclass(frozen=True, slots=True)
class OfMember:
    """What the question about one member was answered.

    Attributes:
        rows: its records as JSON, with commas between them.
        body: the answer as it came.
        none: whether the status says that there is none.
        refused: why this one question was refused, without the member; empty if it was not.
    """

    rows: bytes = b""
    body: bytes = b""
    none: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Asks one method. May be called from several threads.

    Attributes:
        client: of the account.
        read: the feed's words.
        file: for an answer that may be long.
    """

    client: "Client"
    read: Read
    file: Path

    @property
    def method(self) -> Endpoint:
        """What the catalogue knows of it."""
        return self.read.method

    def fetch(self, value: str) -> None:
        """Ask for all there is, since a time if the value is one, and keep the answer in a file.

        Raises:
            ApiError: there is no answer of use.
        """
        self.file.unlink(missing_ok=True)
        with os.fdopen(os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as into:
            self.client.download(path_of(self.method, value), into)

    def read_fetched(self) -> Iterator[tuple[pl.DataFrame, int | None]]:
        """Give the records of that answer as frames, and how many it tells of if it does.

        The file is gone then.

        Raises:
            Unclear: it is no answer; frames may have come.
        """
        try:
            yield from read_pieces(self.file, self.method.answers, self.read.answer_mb << 20)
        except BadAnswer as bad:
            raise self._unclear(bad) from None
        finally:
            self.file.unlink(missing_ok=True)

    def hash_fetched(self) -> str:
        """Give the hash of that answer."""
        with self.file.open("rb") as opened:
            return hashlib.file_digest(opened, xxhash.xxh3_128).hexdigest()

    def put_for(self, member: str) -> OfMember:
        """Ask about a member, of whom the platform may have nothing, or know nothing.

        Each record says whom it is about, in a property called as the parameter with _ before.

        Raises:
            ApiError: there is no answer of use.
        """
        method = self.method
        if method.parameters[method.asks_by].place == "path" and not can_ask(member):
            return OfMember(refused=_NOBODY)
        try:
            found, body = self._ask(member)
        except Refused as refused:
            sure = refused.documented or not refused.detail
            if refused.status in method.none_if and sure:
                return OfMember(none=True)
            if refused.status in _WRONG_PATH and not refused.documented:
                raise
            return OfMember(refused=refused.said.replace(member, "<value>"))
        rows = [{f"_{method.asks_by}": member, **row} for row in found.rows]
        return OfMember(to_json(rows), body)

    def _ask(self, value: str) -> tuple[Records, bytes]:
        method = self.method
        path = path_of(method, value, self.read.parameter or "")
        body = self.client.call("GET", path, told_as=method.path).body
        try:
            return read_records(body, method.answers), body
        except BadAnswer as bad:
            raise self._unclear(bad) from None

    def _unclear(self, bad: BadAnswer) -> Unclear:
        todo = "ask the platform's operator"
        return Unclear("GET", self.method.path, str(bad), status=200, todo=todo)


@dataclass(frozen=True, slots=True)
class OfMethod:
    """What every source that reads a method without pages begins with.

    Attributes:
        question: the question.
        stop: set from outside to end in good order.
    """

    question: Question
    stop: Event

    @property
    def name(self) -> str:
        """The method asked."""
        return self.question.method.name


def policy_of(read: Read) -> Policy:
    """Say how patiently to ask."""
    return Policy(
        in_flight=read.in_flight,
        **read.retries.model_dump(),
        breaker_failures=read.breaker.failures,
        breaker_rest=read.breaker.rest,
    )
