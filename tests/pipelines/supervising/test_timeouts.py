"""A feed's time is up: the load ends in good order, and goes on later."""

from pathlib import Path

import pytest

POST = {"method": "POST", "path": "/transactions"}


@pytest.mark.slow
def test_a_load_whose_time_is_up_ends_in_good_order_and_goes_on(shop) -> None:
    platform = shop.serve({**POST, "fault": "hang", "stored": "all", "seconds": 0.4})
    words = {"target": {"max_receipts": 1, "in_flight": 1}}
    feed = shop.feed(**words, timeout_minutes=0.08)
    source = shop.write(range(40))
    summary = shop.run(feed, source)
    assert (summary.state, summary.exit_code, summary.resumable) == ("failed", 2, True)
    assert summary.in_doubt_records == 0
    assert 1 <= summary.accepted_records < 40
    assert summary.error == (
        f"its time is up (timeout_minutes: 0.08); {summary.accepted_records} of 40 records are"
        f" accepted, {40 - summary.accepted_records} unsent;"
        f" go on with: loyalty-etl resume --run {summary.run_id}"
    )
    platform.fail()
    done = shop.resume(shop.feed(**words), summary.run_id)
    assert (done.exit_code, done.accepted_records) == (0, 40)
    assert {*platform.held().values()} == {1}


def test_a_source_that_is_not_read_in_time_sends_nothing(shop) -> None:
    platform = shop.serve()
    summary = shop.run(shop.feed(timeout_minutes=0.00001), shop.write(range(40)))
    assert (summary.state, summary.exit_code, summary.resumable) == ("failed", 2, False)
    assert summary.error == (
        "its time is up (timeout_minutes: 1e-05) before all was read; nothing was sent"
    )
    assert platform.seen() == 0
    assert [*Path(summary.folder).glob("*.arrow")] == []


@pytest.mark.slow
def test_an_export_whose_time_is_up_keeps_its_pages_and_goes_on(
    api, faults, run, write_feed, tmp_path: Path
) -> None:
    assert run("receipts_csv").exit_code == 0
    faults(
        {
            "method": "GET",
            "path": "/reports/transactions",
            "fault": "hang",
            "stored": "all",
            "seconds": 0.4,
        }
    )
    pages = ("    rows_page: 1000", "    rows_page: 4\n    in_flight: 2")
    timed = ("  report:", "  timeout_minutes: 0.05\n  report:")
    late = run(write_feed("report", pages, timed, like="transactions_report"), output=tmp_path)
    assert (late.state, late.exit_code) == ("failed", 2)
    assert late.error == (
        "its time is up (timeout_minutes: 0.05) before all was read; nothing was published; what"
        " was read is kept: export it again, and it goes on from there"
    )
    assert not (tmp_path / "latest").exists()
    faults()
    asked = api.facts()["seen"]["GET /reports/{reportType}"]
    small = write_feed("report", pages, like="transactions_report")
    done = run(small, output=tmp_path)
    assert (done.state, done.exit_code) == ("finished", 0)
    again = api.facts()["seen"]["GET /reports/{reportType}"] - asked
    assert 0 < again < done.requests
    assert done.rows > 100
