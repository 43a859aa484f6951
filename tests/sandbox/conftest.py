"""A sandbox on a real socket, and receipts to send to it."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

import sandbox

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"
EXAMPLES = Path(__file__).parent / "examples"


class Api:
    """A client of one running sandbox."""

    def __init__(self, running: Any) -> None:
        self.running = running
        self.http = httpx.Client(
            base_url=running.base_url, headers={"x-api-key": running.api_key.encode()}, timeout=30
        )

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query or None)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.send("POST", path, body, **headers)

    def send(self, verb: str, path: str, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(
            verb, path, content=content, headers={"content-type": "application/json"} | named
        )

    def facts(self) -> dict[str, Any]:
        return self.http.get(self.running.facts_url).raise_for_status().json()

    def stored(self) -> dict[str, Any]:
        """The facts without the requests seen."""
        return {name: value for name, value in self.facts().items() if name != "seen"}

    def put_faults(self, *rules: dict[str, Any], **words: Any) -> dict[str, Any]:
        body = {"rules": rules, **words}
        return self.http.put(self.running.faults_url, json=body).raise_for_status().json()

    def faults(self) -> dict[str, Any]:
        return self.http.get(self.running.faults_url).raise_for_status().json()

    def fired(self) -> list[int]:
        """How often each rule fired."""
        return [rule["fired"] for rule in self.faults()["rules"]]

    def stored_ids(self) -> list[str]:
        """The ReceiptIds stored, those stored twice standing twice."""
        lines = self.http.get(self.running.receipts_url).raise_for_status().text.splitlines()
        found = [json.loads(line) for line in lines]
        return [one["receiptId"] for one in found for _ in range(one["times"])]


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Any]:
    """Return what starts a sandbox, to be used in a `with`; the same data unless told."""

    @contextmanager
    def run(data: Path | None = None, **settings: Any) -> Iterator[Api]:
        with sandbox.running(data or tmp_path / "data", **settings) as running:
            api = Api(running)
            with api.http:
                yield api

    return run


@pytest.fixture
def api(start: Callable[..., Any]) -> Iterator[Api]:
    with start() as running:
        yield running


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A sandbox for all tests of a module, where they leave no trace or do not mind."""
    with sandbox.running(tmp_path_factory.mktemp("sandbox")) as running:
        api = Api(running)
        with api.http:
            yield api


@pytest.fixture
def example() -> Callable[[str], Any]:
    return lambda name: json.loads((EXAMPLES / f"{name}.json").read_text())


@pytest.fixture
def make_receipt() -> Callable[..., Any]:
    """Return what makes a good receipt of some lines."""

    def make(receipt_id: str = "R1", lines: int = 1, **header: Any) -> dict[str, Any]:
        items = [
            {
                "ReceiptId": receipt_id,
                "LineNo": number,
                "Quantity": 1,
                "ProductId": f"P{number}",
                "ProductName": "Black jacket",
                "GrossAmount": 10,
                "Vat": 2,
                "NetAmount": 8,
                "TransactionType": "PURCHASE",
            }
            for number in range(1, lines + 1)
        ]
        head = {
            "StoreId": "001",
            "ReceiptId": receipt_id,
            "TimeStamp": "2023-10-13T14:50:05",
            "ConsumerId": "C1",
            "GrossAmount": 10 * lines,
            "Vat": 2 * lines,
        }
        return {"Header": head | header, "Items": items}

    return make


@pytest.fixture
def doc_rule() -> Callable[..., dict[str, Any]]:
    """Return what gives the example of a fault in docs/sandbox.md, with some words changed."""
    found = re.findall(
        r"^### (\w+)\n.*?```yaml\n(.*?)```", DOCS.read_text(), re.MULTILINE | re.DOTALL
    )
    examples = dict(found)

    def give(fault: str, **changed: Any) -> dict[str, Any]:
        [rule] = yaml.safe_load(examples[fault])["rules"]
        assert rule["fault"] == fault
        return rule | changed

    return give


@pytest.fixture
def make_batch(make_receipt: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes a batch of receipts with these ids."""
    return lambda *ids: {"ReceiptRequests": [make_receipt(one) for one in ids]}
