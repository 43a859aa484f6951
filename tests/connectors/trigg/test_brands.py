"""Two brands: each has its own key and headers, which go nowhere else and are never shown."""

import threading

import pytest

from connectors.trigg.account import Account
from connectors.trigg.answers import hide
from connectors.trigg.client import Client
from connectors.trigg.errors import Forbidden, Refused, Unreachable

A = {"api_key": "key-of-brand-a", "profile": "brand_a", "headers": (("X-Brand", "Fjord & Fjell"),)}
B = {"api_key": "key-of-brand-b", "profile": "brand_b", "headers": (("X-Brand", "7"),)}


def test_each_brand_sends_its_own_key_and_headers(server, other):
    with Client(Account(server.url, **A)) as first, Client(Account(other.url, **B)) as second:
        calls = [(first, "post"), (second, "post"), (first, "get"), (second, "get")] * 5
        threads = [
            threading.Thread(target=client.post, args=("/import", b"{}"))
            if how == "post"
            else threading.Thread(target=client.get, args=("/stores",))
            for client, how in calls
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for held, brand in ((server, A), (other, B)):
        assert len(held.seen) == 10
        assert {seen.headers["x-api-key"] for seen in held.seen} == {brand["api_key"]}
        assert {seen.headers["x-brand"] for seen in held.seen} == {brand["headers"][0][1]}


def test_the_ping_has_neither(server):
    with Client(Account(server.url, **A)) as client:
        client.ping()
    assert {"x-api-key", "x-brand"} & {*server.seen[0].headers} == set()


@pytest.mark.parametrize("status", [400, 401, 409, 422, 429, 500, 502])
@pytest.mark.parametrize("brand", [A, B], ids=["long", "short"])
def test_an_error_that_repeats_the_headers_does_not_show_them(server, status, brand):
    value = brand["headers"][0][1]
    server.reply(status, {
        "code": str(status),
        "message": f"brand {value.upper()} is not yours",
        "detailedErrorMessage": {"x-api-key": brand["api_key"], "x-brand": value},
    })  # fmt: skip
    with Client(Account(server.url, **brand)) as client, pytest.raises(Exception) as caught:  # noqa: PT011
        client.post("/transactions", b"{}")
    told = str(caught.value)
    assert "<header>" in told
    for secret in (brand["api_key"], f"brand {value}", f'"{value}"', value.upper() + " is"):
        assert secret not in told


def test_a_short_value_hides_no_other_number():
    assert (
        hide("7 of 1,007 rows, row 17: 7", "", ("7",)) == "<header> of 1,007 rows, row 17: <header>"
    )
    assert hide("key and KEY", "key", ()) == "<key> and KEY"


def test_advice_names_the_settings_of_the_profile(server):
    with Client(Account(server.url, **A)) as client:
        server.reply(401, b"")
        with pytest.raises(Forbidden, match="check TRIGG_BRAND_A_API_KEY: "):
            client.get("/stores")
        server.reply(404, b"")
        with pytest.raises(Refused, match="check TRIGG_BRAND_A_BASE_URL and"):
            client.get("/stores")
    with (
        Client(Account("http://127.0.0.1:9/v4", **A)) as client,
        pytest.raises(Unreachable, match="check TRIGG_BRAND_A_BASE_URL and"),
    ):
        client.ping()
