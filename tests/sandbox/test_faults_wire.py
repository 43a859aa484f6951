"""Faults of the connection, seen from the other end of a real one."""

import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

RESET, CLOSED = httpx.ReadError, httpx.RemoteProtocolError
ENDS = {"reset": RESET, "close": CLOSED}


def post_raw(api, body: bytes) -> tuple[bytes, bool]:
    """Post over a socket of our own; return all bytes that came, and whether it ended in a RST."""
    url = httpx.URL(api.running.base_url)
    head = (
        f"POST /v4/transactions HTTP/1.1\r\nhost: x\r\nx-api-key: {api.running.api_key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    came = b""
    with socket.create_connection((url.host, url.port), timeout=10) as sock:
        sock.sendall(head.encode() + body)
        try:
            while data := sock.recv(65536):
                came += data
        except ConnectionResetError:
            return came, True
    return came, False


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_dropped_connection(api, doc_rule, make_batch, fault, end):
    api.put_faults(doc_rule(fault, end=end))
    with pytest.raises(ENDS[end]):
        api.post("transactions", make_batch("A", "B"))
    assert api.stored_ids() == (["A", "B"] if fault == "drop_after" else [])
    assert api.fired() == [1]
    assert api.post("transactions", make_batch("C")).status_code == 200


def test_drop_after_half(api, doc_rule, make_batch):
    api.put_faults(doc_rule("drop_after", stored="half"))
    with pytest.raises(RESET):
        api.post("transactions", make_batch("A", "B"))
    assert api.stored_ids() == ["A"]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_no_byte_comes_before_a_dropped_connection_ends(api, doc_rule, fault, end):
    api.put_faults(doc_rule(fault, end=end))
    assert post_raw(api, b"{}") == (b"", end == "reset")


@pytest.mark.parametrize("end", ENDS)
def test_a_cut_answer(api, doc_rule, make_batch, end):
    api.put_faults(doc_rule("cut", end=end))
    with pytest.raises(ENDS[end]):
        api.post("transactions", make_batch("A", "B"))
    assert api.stored_ids() == ["A", "B"]


@pytest.mark.parametrize("end", ENDS)
def test_a_cut_answer_has_its_head_and_half_of_its_body(api, doc_rule, end):
    api.put_faults(doc_rule("cut", end=end))
    came, was_reset = post_raw(api, b'{"ReceiptRequests": []}')
    head, _, body = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert len(body) == length // 2
    assert was_reset == (end == "reset")


def test_a_big_answer_is_cut_too(api, make_receipt):
    api.post("transactions", {"ReceiptRequests": [make_receipt(str(n), 9) for n in range(400)]})
    api.put_faults({"fault": "cut", "end": "close"})
    with pytest.raises(CLOSED, match="without sending complete message body"):
        api.get("transactions/customerId/C1")


def test_a_slow_answer_outlasts_a_read_timeout_but_is_whole(api, doc_rule, make_batch):
    api.put_faults(doc_rule("slow", seconds=0.006))
    begun = time.monotonic()
    answer = api.http.post("transactions", json=make_batch("A"), timeout=0.4)
    assert (answer.status_code, answer.text) == (200, "{}")
    assert time.monotonic() - begun > 0.4
    assert api.stored_ids() == ["A"]
    assert api.post("transactions", make_batch("B")).status_code == 200


@pytest.mark.parametrize(("stored", "ids"), [("none", []), ("half", ["A"]), ("all", ["A", "B"])])
def test_hanging_longer_than_the_client_waits(api, doc_rule, make_batch, stored, ids):
    api.put_faults(doc_rule("hang", seconds=30, stored=stored))
    with pytest.raises(httpx.ReadTimeout):
        api.http.post("transactions", json=make_batch("A", "B"), timeout=0.2)
    assert api.stored_ids() == ids


def test_hanging_shorter_than_the_client_waits(api, doc_rule, make_batch):
    api.put_faults(doc_rule("hang", seconds=0.05, stored="all"))
    assert api.post("transactions", make_batch("A")).text == "{}"
    api.put_faults(doc_rule("hang", seconds=0.05, stored="none"))
    with pytest.raises(RESET):
        api.post("transactions", make_batch("B"))
    assert api.stored_ids() == ["A"]


def test_late_is_stored_after_the_connection_has_gone(api, doc_rule, make_batch):
    api.put_faults(doc_rule("late", seconds=0.1))
    with pytest.raises(CLOSED):
        api.post("transactions", make_batch("A", "B"))
    assert (api.stored_ids(), api.faults()["late"]) == ([], 1)
    deadline = time.monotonic() + 10
    while api.faults()["late"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (api.stored_ids(), api.faults()["late"]) == (["A", "B"], 0)


def test_who_waits_disturbs_no_other_request_and_no_end(start, make_batch):
    faults = [
        {"fault": "hang", "path": "/stores", "seconds": 3600},
        {"fault": "slow", "path": "/consents", "seconds": 3600},
        {"fault": "late", "path": "/transactions", "first": 1, "seconds": 3600},
    ]
    with ThreadPoolExecutor(21) as pool:
        with start(faults={"rules": faults}) as api:
            waiting = [pool.submit(api.get, path) for path in ["stores", "consents"] * 10]
            waiting.append(pool.submit(api.post, "transactions", make_batch("LATE")))
            while sum(api.fired()) < 21:
                time.sleep(0.01)
            assert api.post("transactions", make_batch("A")).status_code == 200
            assert api.stored_ids() == ["A"]
            begun = time.monotonic()
            api.http = httpx.Client()  # the waiting keep the old one, which is closed after them
        assert time.monotonic() - begun < 30
        assert all(isinstance(one.exception(10), httpx.TransportError) for one in waiting)
    with start() as api:
        assert api.stored_ids() == ["A", "LATE"]


def test_a_client_that_resets_while_it_waits_is_forgotten(api, make_batch, caplog):
    api.put_faults({"fault": "hang", "seconds": 3600}, {"fault": "slow", "seconds": 3600})
    url = httpx.URL(api.running.base_url)
    with socket.create_connection((url.host, url.port)) as sock:
        head = f"GET /v4/stores HTTP/1.1\r\nhost: x\r\nx-api-key: {api.running.api_key}\r\n\r\n"
        sock.sendall(head.encode())
        while sum(api.fired()) < 1:
            time.sleep(0.01)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    httpx.delete(api.running.faults_url)
    assert api.post("transactions", make_batch("A")).status_code == 200
    assert caplog.text == ""
