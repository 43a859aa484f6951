import gc
import gzip
import logging
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from connectors.trigg.account import Account, Timeout
from connectors.trigg.client import Client
from connectors.trigg.errors import ApiError, Busy, Forbidden, Refused, Unclear, Unreachable

KEY = "test-key-5f2a"


def test_a_post_arrives_as_it_was_sent(server, client):
    server.reply(202, {"status": "ok"})
    answer = client.post("/transactions", '{"navn":"Ærlig"}'.encode())
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body.decode()) == (
        "POST",
        "/v4/transactions",
        '{"navn":"Ærlig"}',
    )
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.headers["user-agent"].startswith("loyalty-etl/")
    assert (answer.status, answer.body) == (202, b'{"status": "ok"}')
    assert answer.content_type == "application/json"
    assert 0 < answer.seconds < 5


def test_an_import_may_be_of_another_type(server, client):
    client.post("/import", b"<members/>", "application/xml")
    assert server.seen[0].headers["content-type"] == "application/xml"


def test_parameters_are_encoded(server, client):
    server.reply(200, [])
    client.get("/customers", {"mobilePhone": "+4790000001", "page": 2, "q": "a&b=ø"})
    assert server.seen[0].query == {"mobilePhone": "+4790000001", "page": "2", "q": "a&b=ø"}
    assert "%2B47" in server.seen[0].raw_path


def test_ping_goes_without_the_key(server, client):
    assert client.ping().status == 200
    assert server.seen[0].path == "/v4/health/ping"
    assert "x-api-key" not in server.seen[0].headers


def test_a_path_starts_with_a_slash(client):
    with pytest.raises(ValueError, match="slash"):
        client.get("@evil.example/")


def test_a_redirect_is_an_error_and_the_key_goes_nowhere_else(server, other, client):
    server.reply(302, b"", headers={"location": f"{other.url}/login"})
    for call in (lambda: client.get("/stores"), lambda: client.post("/import", b"{}")):
        with pytest.raises(Unclear, match=r"302 Found.*never followed") as caught:
            call()
        assert caught.value.status == 302
    assert other.seen == []


def test_the_key_stays_with_its_origin(other, client):
    """Even a request that somehow goes elsewhere does so without the key."""
    with client._open().http as lane:
        lane.send(lane.build_request("GET", f"{client.account.base_url}/stores"), auth=client._key)
        lane.send(lane.build_request("GET", f"{other.url}/stores"), auth=client._key)
    assert "x-api-key" not in other.seen[0].headers


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, Refused, "400 Bad Request"),
        (401, Forbidden, "TRIGG_API_KEY"),
        (403, Forbidden, "not activated"),
        (404, Refused, "404 Not Found"),
        (500, Unclear, "500 Internal Server Error"),
    ],
)
def test_errors_are_one_line_without_the_key(server, client, status, kind, words):
    server.reply(status, b"")
    with pytest.raises(kind, match=words) as caught:
        client.post("/transactions", b"{}")
    assert str(caught.value).startswith(f"POST /transactions: {status} ")
    assert KEY not in str(caught.value) + repr(caught.value) + repr(vars(caught.value))


def test_a_429_says_how_long_to_wait(server, client):
    server.reply(429, {"code": "429", "message": "Too Many Requests"}, headers={"Retry-After": "7"})
    with pytest.raises(Busy, match="wait 7 s") as caught:
        client.post("/transactions", b"{}")
    assert caught.value.retry_after == 7


def test_an_error_that_is_cut_or_endless_keeps_its_verdict(server, client):
    server.reply(400, b'{"message": "half', length=5000)
    with pytest.raises(Refused, match="half"):
        client.post("/transactions", b"{}")
    server.reply(422, b"x" * 3_000_000)
    with pytest.raises(Refused) as caught:
        client.post("/transactions", b"{}")
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"body": b"<html>Sign in</html>", "content_type": "text/html"}, "HTML"),
        ({"body": b'{"data": [1, 2', "length": 1000}, "no whole answer"),
        ({"body": b'{"data": [1, 2'}, "cut off"),
        ({"body": b"[" + b"1," * 4000 + b"1]"}, "above 4,096 bytes"),
        ({"body": gzip.compress(b" " * 10**6), "headers": {"content-encoding": "gzip"}}, "compr"),
    ],
)
def test_a_2xx_that_cannot_be_trusted_is_unclear(server, make_client, reply, words):
    server.reply(200, **reply)
    with pytest.raises(Unclear, match=words) as caught:
        make_client(max_answer=4096).post("/transactions", b"{}")
    assert "may have been stored" in str(caught.value)


def test_what_never_left_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    for url, words in (
        (f"http://127.0.0.1:{port}", f"127.0.0.1:{port} not reached: .*refused"),
        ("https://no-such-host.invalid", "no-such-host.invalid not reached"),
    ):
        with (
            Client(Account(url, KEY)) as client,
            pytest.raises(Unreachable, match=f"POST /import: {words}.*nothing was sent"),
        ):
            client.post("/import", b"{}")


def test_a_server_without_tls_is_unreachable_over_https(server):
    url = server.url.replace("http://", "https://")
    with Client(Account(url, KEY)) as client, pytest.raises(Unreachable):
        client.post("/import", b"{}")
    assert server.seen == []


def test_no_free_connection_is_unreachable(server, make_client):
    free = threading.Event()
    server.reply(hang=free)
    client = make_client(in_flight=1, timeout=Timeout(pool=0.1))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/import", b"{}")
        while not server.seen:
            pass
        with pytest.raises(Unreachable):
            client.post("/import", b"{}")
        free.set()
        assert first.result().status == 200


def test_one_client_serves_many_threads(server, make_client):
    server.answer = lambda seen: server.Reply(body=seen.body)
    client = make_client(in_flight=3)
    with ThreadPoolExecutor(12) as pool:
        sent = [b"%d" % i for i in range(300)]
        assert [a.body for a in pool.map(lambda body: client.post("/x", body), sent)] == sent


def test_no_exchange_waits_for_the_collector(client):
    """A body of a megabyte that hangs in a cycle stays for hundreds of requests."""
    client.get("/stores")
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            client.post("/transactions", b"{}")
        left = [each for each in gc.get_objects() if isinstance(each, httpx.Request)]
    finally:
        gc.enable()
    assert left == []


def test_proxies_of_the_environment_are_ignored(server, other, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", other.url)
    monkeypatch.setenv("ALL_PROXY", other.url)
    with Client(Account(server.url, KEY)) as fresh:
        fresh.ping()
    assert len(server.seen) == 1
    assert other.seen == []


def test_urls_are_not_logged(server, client, caplog):
    server.reply(200, [])
    with caplog.at_level(logging.INFO):
        client.get("/customers", {"mobilePhone": "+4790000001"})
    assert "90000001" not in caplog.text


def test_every_error_is_an_api_error():
    for kind in (Busy, Forbidden, Refused, Unclear, Unreachable):
        assert issubclass(kind, ApiError)


def test_the_package_is_light_to_import():
    code = "import sys, connectors.trigg, connectors.trigg.account, connectors.trigg.errors;"
    code += "sys.exit('httpx' in sys.modules or 'polars' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
