"""Trigg's answers over a real socket, as `delivery` reads them."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sandbox
from connectors.trigg.account import Account, Timeout
from connectors.trigg.client import Client
from connectors.trigg.questions import Patience
from delivery.replies import Found, Reply, Verdict
from pipelines.replies import make_ask, make_post

KEY = "test-key-5f2a"
GATEWAY = {
    "code": "502",
    "message": "Bad Gateway",
    "detailedErrorMessage": {"gateway": "System: till", "gatewayMessage": "down"},
}


@pytest.fixture
def reply() -> Iterator[Callable[..., Reply]]:
    """Return what posts to a server that answers like this, and gives the reply."""
    told: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            now = dict(told)  # an empty body is whole, and the next told, before it is written
            self.send_response(now["status"])
            for name, value in {**now["headers"], "content-length": len(now["body"])}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(now["body"])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    account = Account(f"http://127.0.0.1:{server.server_port}/v4", KEY)
    with Client(account) as client:

        def post(status: int, body: object = b"", *, single: bool = False, **headers: str) -> Reply:
            told["status"] = status
            told["body"] = body if isinstance(body, bytes) else json.dumps(body).encode()
            told["headers"] = {name.replace("_", "-"): value for name, value in headers.items()}
            return make_post(client, "/transactions", single=single)(b"{}")

        yield post
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b"{}", Verdict.TAKEN),
        (202, b"", Verdict.TAKEN),
        (200, b"<html>Sign in</html>", Verdict.UNCLEAR),
        (200, b"<!doctype html>", Verdict.UNCLEAR),
        (302, b"", Verdict.UNCLEAR),
        (400, b"", Verdict.REFUSED),
        (409, b"", Verdict.REFUSED),
        (422, b"<html>", Verdict.REFUSED),
        (413, b"", Verdict.TOO_LARGE),
        (401, b"", Verdict.FORBIDDEN),
        (403, b"", Verdict.FORBIDDEN),
        (404, b"", Verdict.FORBIDDEN),
        (405, b"", Verdict.FORBIDDEN),
        (406, b"", Verdict.FORBIDDEN),
        (410, b"", Verdict.FORBIDDEN),
        (415, b"", Verdict.FORBIDDEN),
        (408, b"", Verdict.UNCLEAR),
        (429, b"", Verdict.BUSY),
        (500, b"", Verdict.UNCLEAR),
        (502, b"", Verdict.UNCLEAR),
        (502, GATEWAY, Verdict.GATEWAY),
        (503, GATEWAY, Verdict.UNCLEAR),
        (504, b"", Verdict.UNCLEAR),
    ],
)
def test_every_answer_has_a_verdict(reply, status: int, body: object, verdict: Verdict) -> None:
    said = reply(status, body)
    assert said.verdict is verdict
    assert said.status == status
    assert 0 < said.seconds < 5
    assert "\n" not in said.reason
    assert KEY not in repr(said)
    assert (said.reason == "") == (verdict is Verdict.TAKEN and status != 202)


def test_a_success_may_list_what_it_took(reply) -> None:
    assert not reply(200, b"{}").names_taken
    rows = [{"receiptId": "R1"}, {"receiptId": "R2", "error": "no"}]
    said = reply(200, {"data": rows})
    assert (said.verdict, said.names_taken, said.ids) == (Verdict.TAKEN, True, {"R1"})


def test_of_one_record_an_answer_that_tells_of_it_is_a_yes(reply) -> None:
    assert not reply(200, {"externalId": "E1"}, single=True).names_taken
    assert reply(200, {"externalId": "E1", "error": "no"}, single=True).names_taken


def test_a_refusal_names_records_and_says_why(reply) -> None:
    fault = {"receiptId": "R7", "path": "ReceiptRequests[3].Header", "message": "required"}
    said = reply(400, {"code": "400", "message": "Bad Request", "detailedErrorMessage": [fault]})
    assert "R7" in said.ids
    assert said.places == {3}
    assert said.reason.startswith("400 Bad Request: receiptId: R7; path: ReceiptRequests[3]")


def test_a_stop_says_what_to_do(reply) -> None:
    assert "check TRIGG_API_KEY" in reply(401).reason
    assert "check TRIGG_BASE_URL" in reply(404).reason


def test_a_wait_is_passed_on(reply) -> None:
    assert reply(429, b"", retry_after="7").wait == 7
    assert reply(429).wait is None
    assert reply(502, GATEWAY, retry_after="9").wait == 9


def test_nobody_there_is_unreached_and_no_answer_unclear() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        with Client(Account(url, KEY, Timeout(read=0.1))) as client:
            said = make_post(client, "/transactions")(b"{}")
            assert (said.verdict, said.status) == (Verdict.UNCLEAR, None)
    with Client(Account(url, KEY)) as client:
        said = make_post(client, "/transactions")(b"{}")
        assert (said.verdict, said.status) == (Verdict.UNREACHED, None)
        assert "not reached" in said.reason


def test_a_fault_of_ours_is_raised() -> None:
    with (
        Client(Account("http://127.0.0.1:9", KEY)) as client,
        pytest.raises(ValueError, match="slash"),
    ):
        make_post(client, "transactions")(b"{}")


def test_the_platform_is_asked_in_the_words_of_delivery(tmp_path: Path) -> None:
    amounts = {"GrossAmount": 10, "Vat": 0, "NetAmount": 10}
    header = {"StoreId": "1", "ReceiptId": "R1", "TimeStamp": "2023-10-13T14:50:05"}
    item = {"ReceiptId": "R1", "LineNo": 1, "Quantity": 1, "ProductId": "P", "ProductName": "P"}
    item |= {"TransactionType": "PURCHASE", **amounts}
    receipt = {"Header": header | amounts | {"ConsumerId": "C1"}, "Items": [item]}
    receipts = pl.DataFrame(
        {
            "key": ["1\x1fR1\x1fPURCHASE", "1\x1fR2\x1fPURCHASE", "1\x1fR3\x1fPURCHASE"],
            "customer": ["C1", "C1", ""],
            "amount": [100_000, 100_000, 100_000],
            "replaces": [False, False, False],
        }
    )
    members = pl.DataFrame(
        {"key": ["externalId\x1f7", "externalId\x1f8"], "json": ['{"externalId":"7"}', "{}"]}
    )
    with (
        sandbox.running(tmp_path / "sandbox") as running,
        Client(Account(running.base_url, running.api_key)) as client,
    ):
        body = json.dumps({"ReceiptRequests": [receipt]}).encode()
        assert make_post(client, "/transactions")(body).verdict is Verdict.TAKEN
        body = b'{"members":[{"externalId":"7"}]}'
        assert make_post(client, "/import")(body).verdict is Verdict.TAKEN
        stop = threading.Event()
        found = make_ask(client, "POST /transactions")(receipts, stop)
        assert found == [Found.LANDED, Found.MISSING, Found.UNASKABLE]
        found = make_ask(client, "POST /import")(members, stop)
        assert found == [Found.LANDED, Found.MISSING]


def test_why_nothing_is_known_is_told_without_naming_anyone() -> None:
    lines: list[str] = []
    customer = "customer-canary"
    records = pl.DataFrame(
        {
            "key": ["1\x1fR1\x1fPURCHASE"],
            "customer": [customer],
            "amount": [1],
            "replaces": [False],
        }
    )
    with Client(Account("http://127.0.0.1:9", KEY)) as client:
        ask = make_ask(client, "POST /transactions", patience=Patience(tries=1), tell=lines.append)
        assert ask(records, threading.Event()) == [Found.UNKNOWN]
    (line,) = lines
    assert "not reached" in line
    assert customer not in line


def test_what_cannot_be_asked_is_refused() -> None:
    with Client(Account("http://127.0.0.1:9", KEY)) as client, pytest.raises(KeyError):
        make_ask(client, "POST /customers")
