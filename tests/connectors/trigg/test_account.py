import pytest

from connectors.trigg.account import Account, AccountError, Timeout


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.oculos.no/v4", "https://api.oculos.no/v4"),
        ("https://api.oculos.no/v4///", "https://api.oculos.no/v4"),
        ("HTTPS://API.oculos.no", "HTTPS://API.oculos.no"),
        ("http://localhost:8800/v4/", "http://localhost:8800/v4"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.9.9.9/v4", "http://127.9.9.9/v4"),
        ("http://[::1]:8800", "http://[::1]:8800"),
    ],
)
def test_a_usable_base_url_is_kept_without_its_last_slash(given, kept):
    assert Account(given, "k").base_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.oculos.no/v4",
        "//api.oculos.no",
        "ftp://api.oculos.no",
        "https://",
        "https:///v4",
        "https://:443/v4",
        "https://api.oculos.no:99999",
        "https://api.oculos.no:x",
        "https://[::1",
        "https://user:secret@api.oculos.no",
        "https://user@api.oculos.no",
        "https://api.oculos.no/v4?key=1",
        "https://api.oculos.no/v4?",
        "https://api.oculos.no/v4#x",
        "https://api.oculos.no/v4#",
        "https://api.ocu los.no",
        " https://api.oculos.no",
        "https://api.oculos.no\n",
        "https://api.oculos.no/\tv4",
        "https://api.oculos.no\\@evil.example",
        "https://æøå.no",
        "http://api.oculos.no/v4",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://127.1",
        "http://0.0.0.0",
        "http://2130706433",
        "http://[::2]",
        "http://10.0.0.1",
    ],
)
def test_an_unsafe_or_broken_base_url_is_refused_in_one_line(url):
    with pytest.raises(AccountError) as caught:
        Account(url, "k")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["", " ", "a b", "a\n", "\ta", "a\x00b", "nøkkel", "a\x7f", "k" * 5000]
)
def test_a_key_that_no_header_carries_is_refused_unseen(key):
    with pytest.raises(AccountError) as caught:
        Account("https://api.oculos.no/v4", key)
    assert "TRIGG_API_KEY" in str(caught.value)
    assert key.strip() == "" or key not in str(caught.value)


def test_the_key_is_in_no_repr():
    assert "hidden" not in repr(Account("https://api.oculos.no/v4", "hidden-key"))


def test_the_host_is_given_with_its_port():
    assert Account("http://LOCALHOST:8800/v4", "k").host == "localhost:8800"


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_timeout_is_above_zero(seconds):
    with pytest.raises(AccountError):
        Timeout(read=seconds)
