"""Settings: one account a profile, and leave to write to production."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.trigg.account import AccountError, Timeout
from pipelines.settings import (
    get_setting,
    lead_to,
    production_allowed,
    trigg_account,
    writing_account,
)

ALLOW = "LOYALTY_ETL_ALLOW_PRODUCTION"


@pytest.fixture
def brand_a(monkeypatch: pytest.MonkeyPatch):
    """Return what sets settings of the profile brand_a."""

    def put(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"TRIGG_BRAND_A_{name}", value)

    put(BASE_URL="https://127.0.0.1:9/brand", API_KEY="key-of-a")
    return put


def test_a_profile_is_an_account_of_its_own(brand_a) -> None:
    brand_a(
        HEADERS="x-brand: a ; X-Market:no: 1;", TIMEOUTS="read: 1.5; total:7", ENVIRONMENT="staging"
    )
    account = trigg_account("brand_a")
    assert (account.api_key, account.place) == ("key-of-a", "127.0.0.1:9/brand")
    assert (account.profile, account.environment) == ("brand_a", "staging")
    assert account.headers == (("x-brand", "a"), ("X-Market", "no: 1"))
    assert account.timeout == Timeout(read=1.5, total=7)
    plain = trigg_account()
    assert (plain.api_key, plain.profile, plain.headers) == (os.environ["TRIGG_API_KEY"], "", ())
    assert (plain.environment, plain.timeout) == ("sandbox", Timeout())


@pytest.mark.parametrize("name", ["BASE_URL", "API_KEY"])
def test_a_missing_variable_names_the_profile_and_is_taken_from_no_other(
    brand_a, name: str
) -> None:
    brand_a(**{name: ""})
    said = (
        f"^profile brand_a: TRIGG_BRAND_A_{name} is not set: put it in the environment or in .env$"
    )
    with pytest.raises(AccountError, match=said):
        trigg_account("brand_a")


BAD = {
    "headers without a colon": ("HEADERS", "secret-value"),
    "a header twice": ("HEADERS", "x-a: secret-value; X-A: secret-value"),
    "a header of ours": ("HEADERS", "x-api-key: secret-value"),
    "a header without a name": ("HEADERS", ": secret-value"),
    "a wait that is none": ("TIMEOUTS", "read: secret-value"),
    "a wait of nothing": ("TIMEOUTS", "read: 0"),
    "an endless wait": ("TIMEOUTS", "read: inf"),
    "an unknown wait": ("TIMEOUTS", "reading: 5"),
    "no waits": ("TIMEOUTS", "5"),
    "an unknown environment": ("ENVIRONMENT", "secret-value"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_setting_is_told_by_its_name_and_not_quoted(case: str, brand_a) -> None:
    name, value = BAD[case]
    brand_a(**{name: value})
    with pytest.raises(AccountError, match=f"^profile brand_a: TRIGG_BRAND_A_{name}") as caught:
        trigg_account("brand_a")
    assert "secret-value" not in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_headers_are_either_good_or_refused_in_one_line(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIGG_HEADERS", f"x-first: 1;{text}")
        try:
            account = trigg_account()
        except AccountError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017  (either is right)
        else:
            assert account.headers[0] == ("x-first", "1")
            assert all(value.isascii() and value for _, value in account.headers)


@pytest.mark.parametrize("said", ["", "0", "true", "yes", " 1"])
def test_production_is_written_to_with_leave_only(brand_a, said: str, monkeypatch) -> None:
    brand_a(ENVIRONMENT="production")
    monkeypatch.setenv(ALLOW, said)
    with pytest.raises(AccountError) as caught:
        writing_account("brand_a")
    assert str(caught.value) == (
        "nothing was sent into 127.0.0.1:9/brand (production, profile brand_a):"
        " to load there say --allow-production, or set LOYALTY_ETL_ALLOW_PRODUCTION=1"
    )
    assert trigg_account("brand_a").environment == "production"  # reading needs none
    monkeypatch.setenv(ALLOW, "1")
    assert writing_account("brand_a") == trigg_account("brand_a")


@pytest.mark.parametrize("environment", ["sandbox", "staging"])
def test_other_places_need_no_leave(brand_a, environment: str) -> None:
    brand_a(ENVIRONMENT=environment)
    assert writing_account("brand_a").environment == environment


def test_a_host_that_nobody_knows_can_be_told(brand_a) -> None:
    brand_a(BASE_URL="https://loyalty.example/v4")
    with pytest.raises(AccountError, match=r"say what it is in TRIGG_BRAND_A_ENVIRONMENT$"):
        writing_account("brand_a")
    brand_a(ENVIRONMENT="staging")
    assert writing_account("brand_a").environment == "staging"


@pytest.mark.parametrize("before", [None, "", "0"])
def test_leave_ends_with_its_block(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW, before) if before is not None else monkeypatch.delenv(ALLOW)
    with production_allowed():
        assert get_setting(ALLOW) == "1"
    assert os.environ.get(ALLOW) == before


def test_all_profiles_can_lead_to_one_sandbox(brand_a, monkeypatch: pytest.MonkeyPatch) -> None:
    brand_a(ENVIRONMENT="production", HEADERS="x-brand: a", TIMEOUTS="read: 1")
    for name in ("BASE_URL", "API_KEY"):  # so that all of it is undone
        monkeypatch.setenv(f"TRIGG_{name}", "x")
    lead_to("http://127.0.0.1:8/v4", "k", {"", "brand_a"})
    for profile in ("", "brand_a"):
        account = writing_account(profile)
        assert (account.base_url, account.api_key) == ("http://127.0.0.1:8/v4", "k")
        assert (account.headers, account.environment) == ((), "sandbox")
