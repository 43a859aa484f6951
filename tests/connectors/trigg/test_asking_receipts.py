import json
import threading
import time

import polars as pl
import pytest

import sandbox
from connectors.trigg.account import Account
from connectors.trigg.asking import ask_receipts
from connectors.trigg.client import Client
from connectors.trigg.errors import Busy, Forbidden, Refused, Unclear
from connectors.trigg.held_receipts import read_held
from connectors.trigg.questions import Patience

QUICK = Patience(tries=2, first_wait=0.001, longest_wait=0.01)


def in_doubt(*rows):
    """Rows of (store, receipt, kind, customer, amount in kroner, replaces)."""
    schema = {
        "key": pl.String,
        "customer": pl.String,
        "amount": pl.Int64,
        "replaces": pl.Boolean,
    }
    told = [("\x1f".join(r[:3]), r[3], round(r[4] * 10_000), r[5]) for r in rows]
    return pl.DataFrame(told, schema, orient="row")


def bought(receipt="R1", store="001", customer="C1", amount=10.0, *, replaces=False):
    return store, receipt, "PURCHASE", customer, amount, replaces


def returned(receipt="R1", store="001", customer="C1", amount=10.0, *, replaces=False):
    return store, receipt, "RETURN", customer, amount, replaces


def ask(client, *rows, patience=QUICK, stop=None):
    return ask_receipts(client.get, in_doubt(*rows), stop or threading.Event(), patience)


def make_receipt(receipt="R1", store="001", customer="C1", amount=10.0, kind="PURCHASE"):
    header = {"StoreId": store, "ReceiptId": receipt, "TimeStamp": "2023-10-13T14:50:05"}
    if customer:
        header["ConsumerId"] = customer
    item = {"ReceiptId": receipt, "LineNo": 1, "Quantity": 1 if kind == "PURCHASE" else -1}
    item |= {"ProductId": "P1", "ProductName": "Black jacket", "TransactionType": kind}
    amounts = {"GrossAmount": amount, "Vat": 0, "NetAmount": amount}
    return {"Header": header | amounts, "Items": [item | amounts]}


@pytest.fixture
def shop(tmp_path):
    """A client of a sandbox, and what puts receipts there."""
    with (
        sandbox.running(tmp_path / "sandbox") as running,
        Client(Account(running.base_url, running.api_key)) as client,
    ):

        def put(*receipts):
            client.post("/transactions", json.dumps({"ReceiptRequests": receipts}).encode())

        yield client, put


def test_the_sandbox_tells_what_has_landed(shop):
    client, put = shop
    odd = "a:b d+ø&=,.."
    put(
        make_receipt("R1", amount=1817.8),
        make_receipt("R1", amount=1817.8, kind="RETURN"),
        make_receipt("R2", amount=0.1),
        make_receipt("R1", store="002", amount=5),
        make_receipt("0070", customer=odd),
        make_receipt("R3", customer="C3", kind="RETURN"),
        make_receipt("R4", customer=None),
    )
    rows = {
        bought("R1", amount=1817.8): "landed",
        returned("R1", amount=-1817.8): "landed",
        bought("R2", amount=0.1): "landed",
        returned("R2", amount=0.1): "missing",
        bought("R2", amount=0.2): "unknown",
        bought("R1", store="002", amount=5): "landed",
        bought("R2", store="002", amount=5): "missing",
        bought("0070", customer=odd): "landed",
        bought("70", customer=odd): "unknown",
        bought("R3", customer="C3"): "missing",
        returned("R3", customer="C3"): "landed",
        bought("R9", customer="nobody"): "missing",
        bought("R4", customer=""): "unaskable",
        bought("R4", customer=None): "unaskable",
        bought("R1", customer="..", amount=1817.8): "unaskable",
        bought("R1", customer="C1/C2", amount=1817.8): "unaskable",
        bought("R1", customer="C1;C2", amount=1817.8): "unaskable",
        bought("R1", customer="C1%2FC2", amount=1817.8): "unaskable",
        bought("R1", amount=1817.8, replaces=True): "unknown",
        bought("r1", amount=1817.8): "unknown",
    }
    asked = ask(client, *rows)
    assert dict(zip(rows, asked.found, strict=True)) == rows
    assert asked.error is None


def test_a_customer_is_asked_for_once(server, make_client):
    server.reply(200, [])
    rows = [bought(f"R{i}", customer=f"C{i % 7}") for i in range(100)]
    rows += [bought("R1", customer="C-new", replaces=True)]
    assert ask(make_client(), *rows).found == ["missing"] * 100 + ["unknown"]
    assert sorted(seen.path[-2:] for seen in server.seen) == [f"C{i}" for i in range(7)]


def test_names_in_a_path_are_encoded(server, client):
    server.reply(200, [])
    ask(client, bought(customer="a:b d+ø&=,.."))
    assert server.seen[0].raw_path.endswith("/customerId/a%3Ab%20d%2B%C3%B8%26%3D%2C..")


def row(receipt="R1", store="001", gross=10, lines=({"transactionType": "PURCHASE"},)):
    return {"receiptId": receipt, "storeId": store, "grossAmount": gross, "rows": list(lines)}


@pytest.mark.parametrize(
    "body",
    [
        [row()],
        {"data": [row()]},
        {"data": {"transactions": [row()]}, "metaData": {"totalRecords": 1, "totalPages": 1}},
        {"transactions": [row()], "metaData": {"totalRecords": "1"}},
        [row(gross="10.0000")],
        [row(gross=-10)],
        [row(gross=99, lines=[{"transactionType": "PURCHASE", "grossAmount": 10}])],
        [row(lines=[{"transactionType": "purchase"}])],
        [row(lines=[{"quantity": 1}])],
        [row(lines=[])],
        [{"receiptId": "R1", "storeId": "001", "grossAmount": 10}],
        [row(lines=[{"transactionType": "RETURN"}, {"transactionType": "PURCHASE"}])],
        [row(gross=3), row(gross=10)],
        [row(), None, "x"],
    ],
)
def test_a_purchase_is_found_in_any_list(server, client, body):
    server.reply(200, body)
    assert ask(client, bought()).found == ["landed"]


@pytest.mark.parametrize("receipt", [17, "17", 1.5])
def test_ids_are_text_whatever_their_type(server, client, receipt):
    server.reply(200, [row(receipt=receipt, store=1)])
    assert ask(client, bought(str(receipt), store="1")).found == ["landed"]


@pytest.mark.parametrize(
    "body",
    [
        [row(gross=11)],
        [row(gross=None)],
        [row(gross="NaN")],
        [row(gross="1e999999999")],
        [row(receipt=None)],
        [{}],
        ["R1"],
        [row(receipt="r1")],
        [row(receipt="0R1")],
        [row(store="1")],
        {"data": [], "metaData": {"totalRecords": 7}},
        {"data": [row("R2")], "metaData": {"totalPages": 2}},
        {"data": [row("R2")], "metaData": {"totalPages": "many"}},
    ],
)
def test_what_decides_nothing_is_unknown(server, client, body):
    server.reply(200, body)
    asked = ask(client, bought())
    assert asked.found == ["unknown"]
    assert asked.error is None


@pytest.mark.parametrize(
    "body",
    [b"", b"OK", b"{}", b"null", {"data": None}, {"a": [], "b": []}, {"data": "x"}, b"[" * 10**5],
)
def test_no_list_is_an_error(server, client, body):
    server.reply(200, body, content_type="text/plain")
    asked = ask(client, bought())
    assert asked.found == ["unknown"]
    assert "no list of receipts" in str(asked.error)
    assert len(server.seen) == 2


def test_a_return_is_never_taken_for_its_purchase(server, client):
    server.reply(200, [row(lines=[])])  # no telling which of them it is
    assert ask(client, bought(), returned()).found == ["landed", "unknown"]
    server.reply(200, [row(lines=[{"quantity": -1}])])
    assert ask(client, bought(), returned()).found == ["missing", "landed"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "missing"),
        ({"code": "404", "message": "Not Found", "detailedErrorMessage": {}}, "missing"),
        (b"<html>404 nginx</html>", "unknown"),
        (b"no such page", "unknown"),
    ],
)
def test_only_the_platforms_own_404_means_missing(server, client, body, found):
    server.reply(404, body)
    asked = ask(client, bought())
    assert asked.found == [found]
    assert (asked.error is None) == (found == "missing")


@pytest.mark.parametrize(
    ("status", "kind", "times"),
    [(500, Unclear, 2), (429, Busy, 2), (403, Forbidden, 1), (400, Refused, 1)],
)
def test_an_error_is_kept_and_its_records_unknown(server, client, status, kind, times):
    server.reply(status, b"")
    asked = ask(client, bought())
    assert asked.found == ["unknown"]
    assert type(asked.error) is kind
    assert len(server.seen) == times


def test_one_error_leaves_the_others_known(server, client):
    server.answer = lambda seen: server.Reply(500 if seen.path.endswith("C2") else 200, b"[]")
    rows = [bought(customer=f"C{i}") for i in range(20)]
    asked = ask(client, *rows)
    assert asked.found == ["missing"] * 2 + ["unknown"] + ["missing"] * 17
    assert isinstance(asked.error, Unclear)


def test_a_question_is_put_again(server, client):
    times = iter(range(100))
    server.answer = lambda _: server.Reply((503, 429, 200)[next(times)], b"[]")
    patience = Patience(workers=1, tries=3, first_wait=0.001)
    assert ask(client, bought(), patience=patience).found == ["missing"]


@pytest.mark.parametrize(("status", "most"), [(500, 2 * 9), (403, 4)])
def test_a_platform_that_is_down_is_not_asked_for_ever(server, client, status, most):
    server.reply(status, b"")
    rows = [bought(customer=f"C{i}") for i in range(200)]
    assert ask(client, *rows).found == ["unknown"] * 200
    assert len(server.seen) <= most


def test_asking_can_be_stopped(server, make_client):
    free, stop = threading.Event(), threading.Event()
    server.reply(200, [], hang=free)
    threading.Timer(0.1, stop.set).start()
    started = time.perf_counter()
    client = make_client()
    assert (
        ask(client, *[bought(customer=f"C{i}") for i in range(9)], stop=stop).found
        == ["unknown"] * 9
    )
    assert time.perf_counter() - started < 20
    client.abandon()
    free.set()


def test_a_wait_for_the_platform_can_be_stopped(server, client):
    stop = threading.Event()
    server.reply(429, b"", headers={"Retry-After": "600"})
    threading.Timer(0.1, stop.set).start()
    started = time.perf_counter()
    assert ask(client, bought(), patience=Patience(), stop=stop).found == ["unknown"]
    assert time.perf_counter() - started < 20


def test_a_fault_of_ours_is_raised():
    def break_down(*_):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        ask_receipts(break_down, in_doubt(bought()), threading.Event(), QUICK)


def test_nothing_in_doubt_asks_nothing(client, server):
    assert ask(client).found == []
    assert server.seen == []


def test_a_long_history_is_read_quickly():
    body = json.dumps([row(f"R{i}") for i in range(20_000)]).encode()
    started = time.process_time()
    held = read_held(body)
    assert held.find("001", "R19999", "PURCHASE", 100_000) == "landed"
    assert time.process_time() - started < 10
