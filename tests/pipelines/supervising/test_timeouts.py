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
