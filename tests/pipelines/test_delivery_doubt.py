"""Answers that are lost or tell nothing: found out by asking, never guessed, never sent blindly."""

import time

import pytest

from connectors.trigg.account import Account, Timeout
from pipelines import load_run
from pipelines.settings import trigg_account

# Whole runs, together half a minute.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("dagster_forgets")]

POST = {"method": "POST", "path": "/transactions"}
LOST = {
    "drop before": {"fault": "drop_before"},
    "drop before, politely": {"fault": "drop_before", "end": "close"},
    "drop after": {"fault": "drop_after"},
    "drop after half": {"fault": "drop_after", "stored": "half", "end": "close"},
    "cut": {"fault": "cut"},
    "cut half": {"fault": "cut", "stored": "half"},
    "slow": {"fault": "slow", "seconds": 0.001},
    "late": {"fault": "late", "seconds": 0.3},
    "short": {"fault": "short", "stored": "all"},
    "short half": {"fault": "short", "stored": "half"},
    **{
        f"{fault} {stored}": {"fault": fault, "stored": stored}
        for fault in ("html_503", "html_200", "error_500", "error_504", "gateway")
        for stored in ("none", "all", "half")
    },
}
SOME = ("drop before", "drop after half", "cut", "late", "short half", "html_503 half",
        "html_200 all", "error_500 all", "gateway half", "gateway all")  # fmt: skip


def ids(numbers):
    return {f"R{n}" for n in numbers}


def once(numbers):
    return dict.fromkeys(ids(numbers), 1)


@pytest.fixture
def impatient(monkeypatch):
    """Wait for an answer for half a second only."""

    def account(profile: str = "") -> Account:
        given = trigg_account(profile)
        return Account(given.base_url, given.api_key, Timeout(read=0.5, total=1.5))

    monkeypatch.setattr(load_run, "writing_account", account)


@pytest.mark.parametrize(
    "how", [pytest.param(how, marks=() if how in SOME else pytest.mark.slow) for how in LOST]
)
def test_each_receipt_is_there_once_whatever_was_lost(how, shop):
    rule = {**POST, "requests": [2, 5], **LOST[how]}
    platform = shop.serve(rule)
    settle = 1 if how == "late" else 0
    summary = shop.run(shop.feed(delivery={"settle": settle}), shop.write(range(60)))
    assert (summary.state, summary.exit_code, summary.error) == ("finished", 0, "")
    assert (summary.accepted_records, platform.fired()) == (60, [2])
    assert platform.held() == once(range(60))
    assert {*shop.told(summary)} == {"accepted"}
    assert platform.seen("POST") <= 10


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("stored", ["none", "all", "half"])
def test_a_platform_that_hangs_is_not_waited_for(stored, shop):
    rule = {**POST, "requests": [2], "fault": "hang", "seconds": 20, "stored": stored}
    platform = shop.serve(rule)
    started = time.monotonic()
    summary = shop.run(shop.feed(), shop.write(range(40)))
    assert (summary.exit_code, summary.accepted_records) == (0, 40)
    assert time.monotonic() - started < 10
    assert platform.held() == once(range(40))


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_an_answer_that_drips_for_ever_ends_too(shop):
    platform = shop.serve({**POST, "first": 1, "fault": "slow", "seconds": 0.2})
    summary = shop.run(shop.feed(), shop.write(range(20)))
    assert (summary.exit_code, summary.accepted_records) == (0, 20)
    assert platform.held() == once(range(20))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("order", ["none", "customer"])
def test_a_platform_that_fails_every_third_time_gets_each_receipt_once(seed, order, shop):
    names = ("drop before", "drop after half", "cut half", "html_503 half", "gateway half",
             "short half", "error_500 all")  # fmt: skip
    rules = [{**POST, "share": 0.06, **LOST[name]} for name in names]
    rules += [{**POST, "share": 0.1, "burst": 2, "fault": "busy", "retry_after": 0}]
    rules += [{"method": "GET", "path": "/transactions/*", "share": 0.05, "fault": "drop_before"}]
    platform = shop.serve(*rules, seed=seed)
    feed = shop.feed(delivery={"order": order})
    summary = shop.run(feed, shop.write(range(400)))
    for _ in range(3):
        if summary.resumable:  # a question that was not answered
            summary = shop.resume(feed, summary.run_id)
    assert (summary.exit_code, summary.accepted_records) == (0, 400)
    assert sum(platform.fired()) > 5
    assert platform.held() == once(range(400))


def test_what_nobody_can_ask_about_stays_in_doubt(shop):
    """Receipts 10 to 19 are nobody's, in one request, whose answer is lost."""
    platform, feed = (
        shop.serve({**POST, "requests": [2], "fault": "drop_after"}),
        shop.feed(target={"max_receipts": 10, "in_flight": 1}),
    )
    source = shop.write(range(40), nobody=range(10, 20))
    summary = shop.run(feed, source)
    assert (summary.state, summary.exit_code, summary.resumable) == ("finished", 5, True)
    assert (summary.accepted_records, summary.in_doubt_records) == (30, 10)
    assert shop.told(summary)["in_doubt"] == ids(range(10, 20))
    assert platform.held() == once(range(40))
    posts = platform.seen()
    again = shop.run(feed, source)
    assert (again.exit_code, again.unchanged_records, again.in_doubt_records) == (5, 30, 10)
    other = shop.run(shop.feed("other_till"), source)
    assert (other.exit_code, other.in_doubt_records) == (5, 10)
    assert (platform.seen(), platform.held()) == (posts, once(range(40)))


def test_what_nobody_can_ask_about_is_sent_again_after_a_gateways_error(shop):
    """The documents advise it for 502 in their envelope, and for nothing else."""
    platform = shop.serve({**POST, "first": 1, "fault": "gateway"})
    summary = shop.run(shop.feed(), shop.write(range(10), nobody=range(10)))
    assert (summary.exit_code, summary.accepted_records) == (0, 10)
    assert platform.held() == once(range(10))


def test_hold_asks_nothing_and_sends_nothing_again(shop):
    rule = {**POST, "requests": [1, 3], "fault": "drop_after", "stored": "half"}
    platform, feed = shop.serve(rule), shop.feed(delivery={"in_doubt": "hold"})
    source = shop.write(range(40))
    summary = shop.run(feed, source)
    assert (summary.exit_code, summary.in_doubt_records, summary.accepted_records) == (5, 20, 20)
    assert platform.facts()["receipts"] == 30
    for _ in range(2):
        again = shop.run(feed, source)
        assert (again.exit_code, again.in_doubt_records, again.requests) == (5, 20, 0)
    told = platform.facts()["seen"]
    assert not [what for what in told if what.startswith("GET /transactions")]
    assert (told["POST /transactions"], platform.facts()["receipts"]) == (4, 30)


def test_resend_is_for_a_platform_that_passes_over_repeats(shop):
    rule = {**POST, "requests": [1, 3], "fault": "drop_after", "stored": "half"}
    platform = shop.serve(rule, duplicate_receipt="ignore")
    summary = shop.run(shop.feed(delivery={"in_doubt": "resend"}), shop.write(range(40)))
    assert (summary.exit_code, summary.accepted_records) == (0, 40)
    assert platform.held() == once(range(40))
    assert not [what for what in platform.facts()["seen"] if what.startswith("GET /transactions")]


def test_a_conflict_after_doubt_means_that_it_is_there(shop):
    rule = {**POST, "first": 1, "fault": "drop_after", "stored": "half"}
    platform = shop.serve(rule, duplicate_receipt="conflict")
    summary = shop.run(shop.feed(delivery={"in_doubt": "resend"}), shop.write(range(20)))
    assert (summary.exit_code, summary.accepted_records) == (0, 20)
    assert platform.held() == once(range(20))


@pytest.mark.parametrize("stored", ["none", "half", "all"])
@pytest.mark.parametrize("fault", ["drop_after", "error_500", "gateway"])
def test_members_are_simply_sent_again(fault, stored, shop, write_feed, run):
    if (fault, stored) == ("drop_after", "none"):
        fault = "drop_before"
    words = {} if fault == "drop_before" else {"stored": stored}
    platform = shop.serve({"path": "/import", "first": 2, "fault": fault, **words})
    change = ("  mapping:", "  delivery: {settle: 0, retries: {first_wait: 0}}\n  mapping:")
    summary = run(write_feed("joined", change, like="members_csv"))
    assert (summary.exit_code, summary.accepted_records, summary.requests) == (0, 28, 3)
    assert platform.facts()["customers"] == 28


@pytest.mark.parametrize("fault", ["unauthorized", "forbidden"])
def test_a_key_that_is_refused_stops_all_at_once(fault, shop):
    platform = shop.serve({**POST, "fault": fault, "after": 2})
    feed = shop.feed(target={"in_flight": 1})
    source = shop.write(range(60))
    summary = shop.run(feed, source)
    assert (summary.state, summary.exit_code, summary.resumable) == ("failed", 1, True)
    assert (summary.accepted_records, summary.unsent_records) == (20, 40)
    assert platform.seen() == 3
    assert str({"unauthorized": 401, "forbidden": 403}[fault]) in summary.error
    assert f"loyalty-etl resume --run {summary.run_id}" in summary.error
    shop.outcomes(summary)
    still = shop.resume(feed, summary.run_id)
    assert (still.exit_code, still.accepted_records, platform.seen()) == (1, 20, 4)


def test_a_load_whose_key_was_refused_goes_on_with_the_right_one(shop):
    platform = shop.serve({**POST, "fault": "unauthorized", "after": 2})
    feed = shop.feed()
    summary = shop.run(feed, shop.write(range(60)))
    assert summary.exit_code == 1
    platform.fail()
    done = shop.resume(feed, summary.run_id)
    assert (done.state, done.exit_code, done.error) == ("finished", 0, "")
    assert (done.run_id, done.accepted_records) == (summary.run_id, 60)
    assert platform.held() == once(range(60))
    nothing = shop.resume(feed, summary.run_id)
    assert (nothing.exit_code, nothing.accepted_records) == (1, 60)


def test_maintenance_for_hours_ends_the_load_so_that_it_can_go_on(shop):
    platform = shop.serve({"fault": "html_503", "path": "/transactions*", "after": 2})
    retries = {"first_wait": 0, "longest_wait": 0, "deadline": 1}
    feed = shop.feed(delivery={"retries": retries})
    source = shop.write(range(60))
    summary = shop.run(feed, source)
    assert (summary.state, summary.exit_code, summary.resumable) == ("failed", 5, True)
    shop.outcomes(summary)
    platform.fail()
    again = shop.run(feed, source)
    assert (again.exit_code, again.unchanged_records) == (0, 60)
    assert platform.held() == once(range(60))


FEW = {"first_wait": 0, "longest_wait": 0, "deadline": 20, "attempts": 3}


@pytest.mark.parametrize("stored", ["none", "half", "all"])
@pytest.mark.parametrize("fault", ["gateway", "error_504"])
def test_a_batch_that_fails_again_and_again_is_asked_about_all_the_same(fault, stored, shop):
    rules = [{**POST, "first": 2, "fault": fault}]
    rules += [{**POST, "requests": [3], "fault": fault, "stored": stored}]
    platform = shop.serve(*rules)
    feed = shop.feed(target={"in_flight": 1}, delivery={"retries": FEW})
    source = shop.write(range(10))
    summary = shop.run(feed, source)
    landed = {"none": 0, "half": 5, "all": 10}[stored]
    assert (summary.state, summary.requests, summary.in_doubt_records) == ("finished", 3, 0)
    assert (summary.accepted_records, summary.unsent_records) == (landed, 10 - landed)
    assert (summary.exit_code == 0) == (landed == 10)
    assert len(shop.rows(summary, "unsent.csv")) == 2 * (10 - landed)
    again = shop.run(feed, source)
    assert (again.exit_code, again.accepted_records) == (0, 10 - landed)
    assert platform.held() == once(range(10))


def test_members_that_were_sent_too_often_are_sent_by_the_next_run(shop, write_feed, run):
    platform = shop.serve({"path": "/import", "first": 3, "fault": "error_500"})
    words = "  delivery: {settle: 0, retries: {first_wait: 0, attempts: 3}}\n  mapping:"
    feed = write_feed("joined", ("  mapping:", words), like="members_csv")
    summary = run(feed)
    assert (summary.exit_code, summary.requests, summary.in_doubt_records) == (5, 3, 28)
    again = run(feed)
    assert (again.exit_code, again.unchanged_records, again.in_doubt_records) == (0, 28, 0)
    assert platform.facts()["customers"] == 28
