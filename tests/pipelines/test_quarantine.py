"""Persons in quarantine (422): parked, counted, and tried again when somebody asks for it."""

import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from pipelines.quarantine import FILE, InQuarantine, find_quarantined
from tests.pipelines.conftest import KEY
from tests.pipelines.test_customers import BY_EXTERNAL, POST, members, write

pytestmark = pytest.mark.usefixtures("dagster_forgets")
PROSPECTS = "POST /customers/prospects"


def parks(*ids: str) -> dict[str, object]:
    return {"fault": "quarantine", "path": "/customers*", "ids": [*ids]}


def rows(*numbers: int) -> list[str]:
    return [f"M{n},+479000000{n},Kari,Oslo" for n in numbers]


def still() -> dict[str, str]:
    """Tell who is in quarantine still, and since when, by key."""
    return {
        key.partition("\x1f")[2]: since
        for each in find_quarantined()
        for _, key, since in each.people.iter_rows()
    }


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_who_is_in_quarantine_is_parked_and_no_reject(shop, mode):
    shop.serve(parks("M2", "M4"))
    members(shop.folder, *rows(1, 2, 3, 4))
    begun = datetime.now(UTC) - timedelta(seconds=1)
    summary = shop.run(write(shop.folder, POST, mode))
    assert (summary.accepted_records, summary.quarantined_records) == (2, 2)
    assert (summary.rejected_records, summary.unsent_records, summary.exit_code) == (0, 0, 4)
    assert shop.told(summary)["quarantined"] == {"M2", "M4"}
    told = shop.rows(summary, FILE)
    assert [row["no"] for row in told] == ["M2", "M4"]
    assert all("in quarantine since 20" in row["_error"] for row in told)
    assert all("422 Unprocessable" in row["_error"] for row in told)
    assert {row["_run"] for row in told} == {summary.run_id}
    assert not shop.rows(summary, "unsent.csv")
    assert not shop.rows(summary, "rejects.csv")
    assert stat.S_IMODE((Path(summary.folder) / FILE).stat().st_mode) == 0o600
    assert all(begun <= since <= datetime.now(UTC) for since in still().values())


def test_one_who_is_created_by_an_update_can_be_in_quarantine(shop):
    shop.serve(parks("M2"))
    members(shop.folder, *rows(1, 2))
    summary = shop.run(write(shop.folder, BY_EXTERNAL, "upsert"))
    assert (summary.accepted_records, summary.quarantined_records) == (1, 1)


def test_a_prospect_can_be_in_quarantine(shop):
    shop.serve(parks("+4790000002"))
    members(shop.folder, *rows(1, 2))
    mapping = {"data.mobilePhone": "phone"}
    summary = shop.run(write(shop.folder, PROSPECTS, mapping=mapping))
    assert (summary.accepted_records, summary.quarantined_records) == (1, 1)


def test_they_are_tried_again_when_asked_for_and_keep_their_first_time(shop, cli_here):
    served = shop.serve(parks("M2", "M4"))
    members(shop.folder, *rows(1, 2, 3, 4))
    feed = write(shop.folder, POST)
    first = shop.run(feed)
    since = still()
    time.sleep(0.01)
    served.fail(parks("M4"))
    ran = cli_here("retry", "--quarantined", "--feed", feed, "--json")
    told = ran.json()
    assert (ran.code, told["accepted_records"], told["quarantined_records"]) == (4, 1, 1)
    assert told["retry_of"] == first.run_id
    assert still() == {"M4": since["M4"]}
    again = cli_here("retry", "--quarantined", "--feed", feed, "--json").json()
    assert (again["records"], again["quarantined_records"]) == (1, 1)
    assert again["retry_of"] == told["run_id"]  # the link goes from attempt to attempt
    assert still() == {"M4": since["M4"]}
    served.fail()
    ran = cli_here("retry", "--quarantined", "--feed", feed)
    assert (ran.code, "= 1 accepted " in ran.out) == (0, True)
    assert served.facts()["customers"] == 4
    ran = cli_here("retry", "--quarantined")
    assert (ran.code, ran.out) == (0, "Nobody is in quarantine\n")


def test_who_was_settled_since_is_left_out_of_the_file(shop, cli_here):
    served = shop.serve(parks("M1", "M2", "M3"))
    members(shop.folder, *rows(1, 2, 3))
    feed = write(shop.folder, POST, "upsert")
    shop.run(feed)
    served.fail(parks("M1", "M3"))
    members(shop.folder, "M2,+4790000002,Ola,Bergen")  # a newer source knows M2 otherwise
    assert shop.run(feed).accepted_records == 1
    assert still().keys() == {"M1", "M3"}
    served.fail()
    told = cli_here("retry", "--quarantined", "--feed", feed, "--json").json()
    assert (told["records"], told["accepted_records"]) == (2, 2)
    assert told["source"].endswith("quarantined_still.csv")
    assert stat.S_IMODE(Path(told["source"]).stat().st_mode) == 0o600
    with httpx.Client(base_url=served.base_url, headers={"x-api-key": KEY}) as http:
        assert http.get("customers/externalId/M2").json()["data"]["city"] == "Bergen"


def test_those_of_several_runs_are_tried_run_by_run(shop, cli_here):
    served = shop.serve(parks("M1", "M2"))
    feed = write(shop.folder, POST)
    for n in (1, 2):
        members(shop.folder, *rows(n))
        shop.run(feed)
    served.fail()
    ran = cli_here("retry", "--quarantined", "--feed", feed)
    assert (ran.code, ran.out.count("= 1 accepted ")) == (0, 2)


def test_only_who_waits_long_enough_is_tried(shop, cli_here):
    served = shop.serve(parks("M1"))
    members(shop.folder, *rows(1))
    feed = write(shop.folder, POST)
    summary = shop.run(feed)
    served.fail()
    ran = cli_here("retry", "--quarantined", "--older-than", "7d", "--feed", feed)
    assert (ran.code, ran.out) == (0, "Nobody is in quarantine for so long\n")
    (each,) = find_quarantined()
    aged = each.people.with_columns(pl.col("since") - timedelta(days=8))
    older = InQuarantine(summary, aged, each.of).older_than(datetime.now(UTC) - timedelta(days=7))
    assert older.people.height == 1
    for wrong in (["--older-than", "7d"], ["--quarantined", "--older-than", "week"], []):
        ran = cli_here("retry", *wrong)
        assert (ran.code, len(ran.errors)) == (1, 1)


def test_the_file_itself_can_be_retried(shop, cli_here):
    served = shop.serve(parks("M1"))
    members(shop.folder, *rows(1))
    feed = write(shop.folder, POST)
    summary = shop.run(feed)
    served.fail()
    ran = cli_here("retry", f"{summary.folder}/{FILE}", "--feed", feed)
    assert (ran.code, "= 1 accepted " in ran.out) == (0, True)


@pytest.mark.slow
def test_a_real_quarantine_ends(shop, cli_here):
    served = shop.serve(quarantine=8)
    members(shop.folder, *rows(1))
    with httpx.Client(base_url=served.base_url, headers={"x-api-key": KEY}) as http:
        data = {"externalId": "M1", "mobilePhone": "+4790000001"}
        http.post("customers", json={"data": data}).raise_for_status()
        http.delete("customers/externalId/M1/source/gdpr").raise_for_status()
    feed = write(shop.folder, POST)
    assert shop.run(feed).quarantined_records == 1
    time.sleep(8)
    assert cli_here("retry", "--quarantined", "--feed", feed).code == 0
    assert served.facts()["customers"] == 1


def test_it_is_told_wherever_one_looks(shop, cli_here):
    shop.serve(parks("M2"))
    members(shop.folder, *rows(1, 2))
    feed = write(shop.folder, POST)
    ran = cli_here("run", feed)
    assert ran.code == 4
    assert "2 = 1 accepted + 0 rejected + 1 quarantined + 0 unchanged" in ran.out
    assert f"Next: loyalty-etl retry --quarantined --feed {feed}" in ran.out
    assert "  later     1 in quarantine: " in ran.out
    (run_id,) = {each.summary.run_id for each in find_quarantined()}
    listed = cli_here("results", run_id, "--outcome", "quarantined").out
    assert "in quarantine since 20" in listed
    assert "+4790000002" not in listed
    assert "1 quarantined" in cli_here("runs", "list").out
    told = cli_here("status")
    assert told.code == 0
    assert "people  1 in quarantine, since 20" in told.out
    assert told.out.endswith(f"Next: loyalty-etl retry --quarantined --feed {feed}\n")
    (waiting,) = cli_here("status", "--json").json()["quarantined"]
    assert (waiting["feed"], waiting["records"]) == ("people", 1)


def test_who_is_forgotten_is_not_tried_again(shop, cli_here):
    served = shop.serve(parks("M1", "M2", "M3"))
    members(shop.folder, *rows(1, 2, 3))
    feed = write(shop.folder, POST)
    shop.run(feed)
    assert cli_here("forget", "--key", "M2", "--key", "+4790000002", "--yes").code == 0
    assert still().keys() == {"M1", "M3"}
    served.fail(parks("M1"))
    told = cli_here("retry", "--quarantined", "--feed", feed, "--json").json()
    assert (told["accepted_records"], told["quarantined_records"]) == (1, 1)
    assert still().keys() == {"M1"}
