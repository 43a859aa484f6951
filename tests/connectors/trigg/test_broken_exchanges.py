"""Servers that hang, drip, cut, reset and answer early: each once, and each classed rightly."""

import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from connectors.trigg.account import Account, Timeout
from connectors.trigg.client import Client
from connectors.trigg.errors import Refused, Unclear, Unreachable

KEY = "test-key-5f2a"
BIG = b" " * 30_000_000
"""More than the buffers of both ends hold."""


def patience(**seconds):
    return Timeout(**{"connect": 5, "read": 5, "write": 5, "pool": 5, "total": 10} | seconds)


def ends_unclear(client, body=b"{}"):
    """Send; give the error and the seconds it took."""
    started = time.perf_counter()
    with pytest.raises(Unclear) as caught:
        client.post("/transactions", body)
    return caught.value, time.perf_counter() - started


@contextmanager
def busy_door():
    """A port that lets nobody in: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as door:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(door.getsockname())
        time.sleep(0.05)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        for one in waiting:
            one.close()


def test_no_connection_in_time_is_unreachable(make_client):
    with busy_door() as url:
        client = make_client(url=url, timeout=patience(connect=0.2))
        with pytest.raises(Unreachable, match="nothing was sent"):
            client.post("/transactions", b"{}")


def test_no_connection_within_the_total_is_unreachable(make_client):
    with busy_door() as url:
        client = make_client(url=url, timeout=patience(connect=0.4, total=0.1))
        with pytest.raises(Unreachable):
            client.post("/transactions", b"{}")


def reset(line):
    """Close with RST instead of FIN."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def hang(raw, _, line):
    raw.read(line)
    raw.over.wait(10)


def hang_unread(raw, _, __):
    raw.over.wait(10)


def close_unanswered(raw, _, line):
    raw.read(line)


def reset_unanswered(raw, _, line):
    raw.read(line)
    reset(line)


def close_midway(_, __, line):
    line.recv(1000)


def reset_midway(_, __, line):
    line.recv(1000)
    reset(line)


def answer_half_a_head(raw, _, line):
    raw.read(line)
    line.sendall(b"HTTP/1.1 200 OK\r\ncontent-le")


def answer_nonsense(raw, _, line):
    raw.read(line)
    line.sendall(b"220 smtp.example.no ready\r\n")


def answer_a_part(raw, _, line):
    raw.read(line)
    line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}")


def answer_half_a_chunk(raw, _, line):
    raw.read(line)
    line.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")


def answer(head):
    def talk(raw, _, line):
        raw.read(line)
        line.sendall(head)

    return talk


def answer_and_hang(raw, _, line):
    raw.read(line)
    line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}")
    raw.over.wait(10)


@pytest.mark.parametrize(
    ("talk", "body"),
    [
        (hang, b"{}"),
        (hang_unread, BIG),
        (close_unanswered, b"{}"),
        (reset_unanswered, b"{}"),
        (close_midway, BIG),
        (reset_midway, BIG),
        (answer_half_a_head, b"{}"),
        (answer_nonsense, b"{}"),
        (answer_a_part, b"{}"),
        (answer_half_a_chunk, b"{}"),
        (answer_and_hang, b"{}"),
        (answer(b"HTTP/1.1 200 OK\r\n"), b"{}"),
        (answer(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"), b"{}"),
        (answer(b"HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 0\r\n\r\n"), b"{}"),
        (answer(b"HTTP/1.1 200 OK\r\ncontent-length: ?\r\n\r\n{}"), b"{}"),
        (answer(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}"), b"{}"),
        (answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n{}"), b"{}"),
        (answer(b"HTTP/1.1 103 Early Hints\r\n\r\n"), b"{}"),
        (answer(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n"), b"{}"),
        (answer(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n"), b"{}"),
    ],
)
def test_what_may_have_arrived_is_unclear_and_not_sent_again(serve_raw, make_client, talk, body):
    raw = serve_raw(talk)
    client = make_client(url=raw.url, timeout=patience(read=0.3, write=0.3))
    error, seconds = ends_unclear(client, body)
    assert "no whole answer" in str(error)
    assert error.status is None
    assert seconds < 20
    assert raw.connections == 1
    assert len(raw.heads) <= 1


def drip(raw, line, data):
    for i in range(len(data)):
        line.sendall(data[i : i + 1])
        if raw.over.wait(0.03):
            return


def drip_a_head(raw, _, line):
    raw.read(line)
    drip(raw, line, b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300)


def drip_a_body(raw, _, line):
    raw.read(line)
    line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n")
    drip(raw, line, b" " * 300)


def drip_without_a_length(raw, _, line):
    """What ends with the connection must not seem whole because we ended that."""
    raw.read(line)
    line.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}")
    drip(raw, line, b" " * 300)


def read_slowly(raw, _, line):
    while line.recv(1000) and not raw.over.wait(0.03):
        pass


@pytest.mark.parametrize(
    ("talk", "body"),
    [
        (drip_a_head, b"{}"),
        (drip_a_body, b"{}"),
        (drip_without_a_length, b"{}"),
        (read_slowly, BIG),
        (hang, b"{}"),
    ],
)
def test_an_exchange_ends_at_the_total(serve_raw, make_client, talk, body):
    raw = serve_raw(talk)
    error, seconds = ends_unclear(make_client(url=raw.url, timeout=patience(total=0.4)), body)
    assert "no end of the exchange within 0.4 s" in str(error)
    assert 0.3 < seconds < 8
    assert raw.connections == 1


def test_a_dripping_refusal_keeps_its_verdict(serve_raw, make_client):
    def talk(raw, _, line):
        raw.read(line)
        line.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 300\r\n\r\n")
        drip(raw, line, b"n" * 300)

    client = make_client(url=serve_raw(talk).url, timeout=patience(total=0.4))
    started = time.perf_counter()
    with pytest.raises(Refused):
        client.post("/transactions", b"{}")
    assert time.perf_counter() - started < 8


def test_a_connection_goes_on_after_one_was_late(serve_raw, make_client):
    def talk(raw, number, line):
        while raw.read(line):
            if number == 1 and len(raw.heads) == 2:
                raw.over.wait(10)
            raw.answer(line)

    raw = serve_raw(talk)
    client = make_client(url=raw.url, in_flight=1, timeout=patience(total=1))
    assert client.post("/transactions", b"1").status == 200
    ends_unclear(client)
    assert [client.post("/transactions", b"3").status for _ in range(5)] == [200] * 5
    assert (raw.connections, len(raw.heads)) == (2, 7)


@pytest.mark.parametrize("end", [socket.socket.close, reset])
def test_a_kept_connection_closed_under_a_request_is_unclear(serve_raw, make_client, end):
    """The race of keep-alive: what was sent may have been read, so it is not sent again."""

    def talk(raw, number, line):
        while raw.read(line):
            if number == 1 and len(raw.heads) == 2:
                end(line)
                return
            raw.answer(line)

    raw = serve_raw(talk)
    client = make_client(url=raw.url, in_flight=1)
    assert client.post("/transactions", b"1").status == 200
    ends_unclear(client)
    assert (raw.connections, len(raw.heads)) == (1, 2)
    assert client.post("/transactions", b"3").status == 200
    assert (raw.connections, len(raw.heads)) == (2, 3)


@pytest.mark.parametrize("end", [socket.socket.close, reset])
def test_a_kept_connection_closed_at_rest_is_opened_anew(serve_raw, make_client, end):
    closed = threading.Event()

    def talk(raw, number, line):
        while raw.read(line):
            raw.answer(line)
            if number == 1:
                end(line)
                closed.set()
                return

    raw = serve_raw(talk)
    client = make_client(url=raw.url, in_flight=1)
    assert client.post("/transactions", b"1").status == 200
    closed.wait(5)
    time.sleep(0.05)
    assert client.post("/transactions", b"2").status == 200
    assert (raw.connections, len(raw.heads)) == (2, 2)


def test_words_nobody_asked_for_are_no_answer_to_the_next_request(serve_raw, make_client):
    def talk(raw, number, line):
        while raw.read(line):
            raw.answer(line, b'{"n": %d}' % len(raw.heads))
            if number == 1:
                time.sleep(0.1)
                raw.answer(line, b"{}", "500 Nobody Asked")

    raw = serve_raw(talk)
    client = make_client(url=raw.url, in_flight=1)
    assert client.post("/transactions", b"1").body == b'{"n": 1}'
    time.sleep(0.2)
    assert client.post("/transactions", b"2").body == b'{"n": 2}'
    assert raw.connections == 2


def answer_early(status):
    def talk(raw, _, line):
        line.recv(1000)
        raw.answer(line, b'{"code": "x"}', status)
        line.shutdown(socket.SHUT_WR)
        time.sleep(0.1)  # so that it is read before the reset that follows
        reset(line)

    return talk


def test_success_before_all_was_sent_is_no_success(serve_raw, make_client):
    raw = serve_raw(answer_early("200 OK"))
    ends_unclear(make_client(url=raw.url), BIG)
    assert raw.connections == 1


def test_a_refusal_before_all_was_sent_is_never_less_than_in_doubt(serve_raw, make_client):
    """Whether the answer is still read after the reset is the kernel's choice."""
    raw = serve_raw(answer_early("413 Payload Too Large"))
    with pytest.raises((Refused, Unclear)) as caught:
        make_client(url=raw.url).post("/transactions", BIG)
    assert isinstance(caught.value, Unclear) or caught.value.status == 413


def test_a_413_while_the_rest_is_still_read_is_a_refusal(serve_raw, make_client):
    def talk(raw, _, line):
        line.recv(1000)
        raw.answer(line, b"", "413 Payload Too Large")
        while line.recv(1_000_000):
            pass

    with pytest.raises(Refused) as caught:
        make_client(url=serve_raw(talk).url).post("/transactions", BIG)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("talk", "body"),
    [(hang, b"{}"), (hang_unread, BIG), (answer_and_hang, b"{}"), (drip_without_a_length, b"{}")],
)
def test_a_client_can_be_abandoned_in_the_middle(serve_raw, make_client, talk, body):
    raw = serve_raw(talk)
    client = make_client(url=raw.url, in_flight=3)
    with ThreadPoolExecutor(5) as pool:  # two of them wait for a connection
        calls = [pool.submit(client.post, "/transactions", body) for _ in range(5)]
        while raw.connections < 3:
            time.sleep(0.01)
        time.sleep(0.1)
        started = time.perf_counter()
        client.abandon()
        assert time.perf_counter() - started < 4
        errors = [call.exception(timeout=10) for call in calls]
    assert sorted(type(error).__name__ for error in errors) == ["Unclear"] * 3 + ["Unreachable"] * 2
    assert all("given up" in str(error) for error in errors)
    with pytest.raises(Unreachable, match="given up"):
        client.post("/transactions", b"{}")
    client.abandon()
    client.close()
    assert raw.connections == 3


def test_a_client_can_be_abandoned_while_it_connects(make_client):
    with busy_door() as url, ThreadPoolExecutor(1) as pool:
        client = make_client(url=url, timeout=patience(connect=2))
        call = pool.submit(client.post, "/transactions", b"{}")
        time.sleep(0.1)
        started = time.perf_counter()
        client.abandon()
        assert time.perf_counter() - started < 1.5
        assert isinstance(call.exception(timeout=5), Unreachable)


def test_what_connects_after_it_was_abandoned_sends_nothing(serve_raw, make_client, monkeypatch):
    go = threading.Event()
    connect = socket.create_connection

    def connect_late(*args, **more):
        go.wait(5)
        return connect(*args, **more)

    raw = serve_raw(close_unanswered)
    client = make_client(url=raw.url)
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(socket, "create_connection", connect_late)
        call = pool.submit(client.post, "/transactions", b"{}")
        time.sleep(0.1)
        client.abandon()
        go.set()
        assert isinstance(call.exception(timeout=5), Unreachable)
    assert raw.heads == []


def test_closing_waits_for_nobody_and_lets_calls_end(serve_raw, make_client):
    go = threading.Event()

    def talk(raw, _, line):
        raw.read(line)
        go.wait(5)
        raw.answer(line)

    raw = serve_raw(talk)
    client = make_client(url=raw.url)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.post, "/transactions", b"{}")
        while not raw.heads:
            time.sleep(0.01)
        client.close()
        go.set()
        assert call.result(timeout=5).status == 200
    with pytest.raises(Unreachable, match="the client is closed"):
        client.post("/transactions", b"{}")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl")
def test_tls_can_be_abandoned_and_ends_at_the_total(serve_raw, tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    words += f" -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout {key} -out {cert}"
    subprocess.run(["openssl", *words.split()], check=True, capture_output=True)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(cert, key)

    def talk(raw, number, line):
        with server_side.wrap_socket(line, server_side=True) as safe:
            raw.read(safe)
            if number == 1:
                raw.answer(safe)
            raw.read(safe)
            raw.over.wait(10)

    raw = serve_raw(talk)
    url = raw.url.replace("http://127.0.0.1", "https://localhost")
    with Client(Account(url, KEY, patience(total=0.5))) as client:
        client._trust.load_verify_locations(cert)
        assert client.post("/transactions", b"1").status == 200
        error, seconds = ends_unclear(client)
        assert "no end of the exchange" in str(error)
        assert seconds < 9
    with Client(Account(url, KEY, patience())) as client, ThreadPoolExecutor(1) as pool:
        client._trust.load_verify_locations(cert)
        call = pool.submit(client.post, "/transactions", b"{}")
        while len(raw.heads) < 3:
            time.sleep(0.01)
        client.abandon()
        assert isinstance(call.exception(timeout=10), Unclear)
