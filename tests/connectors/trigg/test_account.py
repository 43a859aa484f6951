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


@pytest.mark.parametrize(
    ("url", "told", "environment"),
    [
        ("https://api.oculos.no/v4", "", "production"),
        ("https://API.OCULOS.NO:443/v4", "", "production"),
        ("https://api.oculos.no./v4", "", "production"),
        ("https://api.oculos.no/v4", "production", "production"),
        ("https://api.staging.oculos.no/v4", "", "staging"),
        ("https://api.staging.oculos.no/v4", "sandbox", "sandbox"),
        ("https://api.staging.oculos.no/v4", "production", "production"),
        ("http://localhost:8085/v4", "", "sandbox"),
        ("http://127.9.9.9/v4", "", "sandbox"),
        ("https://[::1]:8085/v4", "", "sandbox"),
        ("http://127.0.0.1:1", "production", "production"),
        ("https://staging.oculos.no/v4", "", "production"),
        ("https://api.staging.oculos.no.evil.example", "", "production"),
        ("https://10.0.0.1/v4", "", "production"),
        ("https://10.0.0.1/v4", "staging", "staging"),
    ],
)
def test_what_nobody_says_of_a_host_is_production(url, told, environment):
    assert Account(url, "k", environment=told).environment == environment


@pytest.mark.parametrize("told", ["sandbox", "staging"])
@pytest.mark.parametrize("host", ["api.oculos.no", "API.oculos.no:443", "api.oculos.no."])
def test_production_cannot_be_called_otherwise(host, told):
    with pytest.raises(AccountError, match=f"^TRIGG_ENVIRONMENT says {told}, and the host is"):
        Account(f"https://{host}/v4", "k", environment=told)


def test_an_environment_is_one_of_three():
    with pytest.raises(AccountError, match="none of sandbox, staging, production"):
        Account("https://api.oculos.no/v4", "k", environment="prod")


def test_an_account_says_where_it_leads_to():
    assert Account("https://API.oculos.no/v4/", "k").where == "api.oculos.no/v4 (production)"
    brand = Account("http://localhost:8085/v4", "k", profile="brand_a")
    assert brand.where == "localhost:8085/v4 (sandbox, profile brand_a)"


BAD_HEADERS = {
    "no name": [("", "secret-1")],
    "a name with a blank": [("x brand", "secret-1")],
    "a name with a line break": [("x-brand\r\nx-api-key", "secret-1")],
    "no value": [("x-brand", "")],
    "a value with a line break": [("x-brand", "secret-1\r\nx-api-key: other")],
    "a value with a tab": [("x-brand", "secret-1\t")],
    "a value beyond ASCII": [("x-brand", "secret-1-ø")],
    "an endless value": [("x-brand", "secret-1" * 1000)],
    "the key": [("X-API-Key", "secret-1")],
    "what frames a request": [("Transfer-Encoding", "chunked")],
    "the same twice": [("x-brand", "secret-1"), ("X-Brand", "secret-1")],
}


@pytest.mark.parametrize("case", BAD_HEADERS)
def test_a_header_that_cannot_be_sent_is_refused_unseen(case):
    with pytest.raises(AccountError, match=r"^TRIGG_HEADERS: ") as caught:
        Account("https://api.oculos.no/v4", "k", headers=tuple(BAD_HEADERS[case]))
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_headers_are_in_no_repr():
    account = Account("https://api.oculos.no/v4", "k", headers=(("x-brand", "hidden-value"),))
    assert "hidden-value" not in repr(account)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"api_key": ""}, "set TRIGG_BRAND_A_API_KEY in"),
        ({"base_url": "api.oculos.no"}, "set TRIGG_BRAND_A_BASE_URL,"),
        ({"environment": "x"}, "TRIGG_BRAND_A_ENVIRONMENT is"),
        ({"headers": (("host", "x"),)}, "TRIGG_BRAND_A_HEADERS: host"),
    ],
)
def test_a_mistake_names_the_profile_and_its_setting(words, said):
    given = {"base_url": "https://api.oculos.no/v4", "api_key": "k", "profile": "brand_a"}
    with pytest.raises(AccountError, match=r"^profile brand_a: ") as caught:
        Account(**{**given, **words})
    assert said in str(caught.value)
    assert str(caught.value).count("profile brand_a") == 1
