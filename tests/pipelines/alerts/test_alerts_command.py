"""`loyalty-etl alerts`."""

import pytest


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_list_check_and_test(cli_here, write_feed, hook, tmp_path) -> None:
    feed = write_feed("joined", ("sample_data/members.csv", str(tmp_path / "none.csv")),
                      like="members_csv")  # fmt: skip
    assert cli_here("alerts", "list").out.splitlines() == [
        "Nothing is the matter",
        "way  webhook at 127.0.0.1: ready",
    ]
    assert cli_here("alerts", "test").out == "webhook at 127.0.0.1: sent\n"
    (told,) = hook.told
    assert (told["test"], told["new"], told["over"]) == (True, [], [])
    hook.told.clear()

    hook.answer = 503
    assert cli_here("run", feed).code == 3
    failed = cli_here("alerts", "check")
    assert (failed.code, failed.err) == (
        2,
        "loyalty-etl: webhook at 127.0.0.1: 127.0.0.1 answered 503\n",
    )
    listed = cli_here("alerts", "list")
    assert listed.code == 4
    assert "joined: missing file (sandbox)" in listed.out
    assert f"Next: loyalty-etl run {feed}" in listed.out
    assert "127.0.0.1 answered 503" in listed.out
    hook.answer = 200
    assert cli_here("alerts", "check").code == 4
    assert hook.news() == ["+ joined: missing_file"]
    told = cli_here("alerts", "list", "--json").json()
    assert [each["cause"] for each in told["conditions"]] == ["missing_file"]
    assert told["ways"][0]["new"] == 1
    assert "secret" not in str(told)


def test_without_an_address_it_says_so(cli_here) -> None:
    assert "Nobody is told: set LOYALTY_ETL_ALERTS" in cli_here("alerts", "list").out
    ended = cli_here("alerts", "test")
    assert ended.code == 1
    assert "nobody is to be told: set LOYALTY_ETL_ALERTS" in ended.err


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://hooks.example/T0P-secret", "in the clear"),
        ("hooks.example/T0P-secret", "begins with https://"),
        ("https:///T0P-secret", "no host"),
        ("https://hooks.example:port/T0P-secret", "broken host or port"),
    ],
)
def test_an_address_of_no_use_is_told_without_it(cli_here, monkeypatch, address, why) -> None:
    monkeypatch.setenv("LOYALTY_ETL_ALERTS", address)
    ended = cli_here("alerts", "test")
    assert ended.code == 2
    assert why in ended.err
    assert "T0P" not in ended.err
