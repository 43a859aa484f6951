"""Members that stand more than once, in whole runs: outcomes, plans, and what is told of them."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml

from pipelines.beginning import begin
from pipelines.feeds import find_feed
from pipelines.load_run import prepare_step
from pipelines.validating import validate
from pipelines.writing_back import UNSENT

# Whole runs, together half a minute.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("dagster_forgets")]

LINES = (
    "1,+4790000001,,Kari",
    "2,+4790000002,,Ola",
    "1,,kari@example.com,Kari",  # the key
    "3,+4790000002,,Ola",  # the phone
    "4,+4790000004,no mail,Per",  # rejected
    "5,,,Pål",
)


@pytest.fixture
def members(shop):
    """Write a feed of members that merges, and its source; give the feed's folder."""

    def write(*lines, **duplicates):
        source = shop.folder / "members.csv"
        source.write_text("".join(f"{line}\n" for line in ("no,phone,mail,name", *lines)))
        words = {
            "source": {"path": str(source)},
            "target": {"endpoint": "POST /import", "max_members": 2},
            "mapping": {
                "externalId": "no",
                "mobilePhone": "phone",
                "email": "mail",
                "firstName": "name",
            },
            "duplicates": {"match": [["mobilePhone"]], **duplicates},
            "rejects": {"max_percent": 50},
            "control": {},
            "delivery": {"settle": 0, "retries": {"first_wait": 0, "longest_wait": 0}},
        }
        folder = shop.folder / "feeds" / "members"
        folder.mkdir(parents=True, exist_ok=True)
        feed = {"type": "pipelines.components.LoadFeedComponent", "attributes": words}
        (folder / "defs.yaml").write_text(yaml.safe_dump(feed), encoding="utf-8")
        return folder

    return write


def counts(summary):
    names = ("accepted", "rejected", "unchanged", "merged", "in_doubt", "unsent")
    return {n: c for n in names if (c := getattr(summary, f"{n}_records"))}


def test_each_has_one_outcome_and_the_sums_add_up(shop, members):
    shop.serve()
    feed = members(*LINES)
    summary = shop.run(feed)
    assert counts(summary) == {"accepted": 3, "rejected": 1, "merged": 2}
    assert (summary.records, summary.merged_by) == (6, {"its key": 1, "mobilePhone": 1})
    told = shop.outcomes(summary).filter(pl.col("outcome") == "merged")
    assert told.select("row", "key", "merged_into", "reasons", "batch").rows() == [
        (4, "externalId\x1f1", "externalId\x1f1", "merged into externalId 1 by its key", None),
        (5, "externalId\x1f3", "externalId\x1f2", "merged into externalId 2 by mobilePhone", None),
    ]
    assert [row["_source_row"] for row in shop.rows(summary, "merged.csv")] == ["4", "5"]
    assert [row["_source_row"] for row in shop.rows(summary, "rejects.csv")] == ["6"]
    left = {path.name for path in Path(summary.folder).iterdir()}
    assert not left & {"traces.arrow", "records.arrow", "refused.arrow"}


def test_the_same_again_sends_nothing_and_merges_the_same(shop, members):
    platform = shop.serve()
    feed = members(*LINES)
    shop.run(feed)
    seen = platform.seen()
    again = shop.run(feed)
    assert counts(again) == {"rejected": 1, "unchanged": 3, "merged": 2}
    assert platform.seen() == seen


def test_who_was_delivered_before_takes_part_like_any_other(shop, members):
    platform = shop.serve()
    assert shop.run(members("3,,,Ola")).exit_code == 0
    seen = platform.seen()
    summary = shop.run(members("1,,,Kari", "2,,,Ola", "3,,,Ola", match=[["firstName"]]))
    assert counts(summary) == {"accepted": 2, "merged": 1}
    assert (summary.exit_code, platform.seen()) == (0, seen + 1)


def test_what_the_platform_refuses_is_written_back_beside_the_merged(shop, members):
    platform = shop.serve()
    platform.fail({"fault": "poison", "ids": ["2"], "status": 422})
    summary = shop.run(members(*LINES))
    assert counts(summary) == {"accepted": 2, "rejected": 2, "merged": 2}
    told = shop.outcomes(summary).sort("row")
    assert told["outcome"].to_list() == [
        *("accepted", "rejected", "merged"),
        *("merged", "rejected", "accepted"),
    ]
    assert [row["no"] for row in shop.rows(summary, "rejects.csv")] == ["4", "2"]
    assert shop.rows(summary, UNSENT) == []


def test_a_load_that_stopped_goes_on_to_the_same_outcomes(shop, members):
    platform = shop.serve({"fault": "forbidden", "method": "POST"})
    feed = members(*LINES)
    stopped = shop.run(feed)
    assert stopped.resumable
    assert counts(stopped) == {"rejected": 1, "merged": 2, "unsent": 3}
    platform.fail()
    summary = shop.resume(feed, stopped.run_id)
    assert counts(summary) == {"accepted": 3, "rejected": 1, "merged": 2}
    assert shop.outcomes(summary)["merged_into"].null_count() == 4


def test_declared_totals_count_the_merged(shop, members):
    shop.serve()
    feed = members(*LINES[:4], "5,,,Pål")
    source = shop.folder / "members.csv"
    source.write_text(source.read_text() + "T;5\n")
    words = yaml.safe_load((feed / "defs.yaml").read_text())
    words["attributes"]["control"] = {"trailer": "T;{members}"}
    (feed / "defs.yaml").write_text(yaml.safe_dump(words))
    summary = shop.run(feed)
    assert (summary.exit_code, summary.taken) == (0, {"members": "5"})


def test_a_dry_run_and_validate_tell_how_many(shop, members, tmp_path):
    platform = shop.serve()
    feed = members(*LINES, fill=True)
    dry = shop.run(feed, dry_run=True)
    plan = json.loads((Path(dry.folder) / "plan.json").read_text())
    told = ("records", "to_send", "merged", "rejected", "unchanged")
    assert [plan[name] for name in told] == [6, 3, 2, 1, 0]
    assert '"email":"kari@example.com"' in plan["example"]
    assert (dry.merged_records, len(shop.rows(dry, "merged.csv"))) == (2, 2)
    report = validate(find_feed(str(feed))[1], folder=tmp_path / "look")
    assert (report.merged_records, report.rejected_records, report.exit_code) == (2, 1, 4)
    assert Path(report.merged).read_text().count("merged into") == 2
    assert platform.seen() == 0


def test_the_commands_tell_them_without_phones(shop, members, cli_here):
    shop.serve()
    feed = str(members(*LINES[:4], ",+4790000009,,", ",+4790000009,,Gro"))
    looked = cli_here("validate", feed)
    assert "6 = 3 good + 3 merged + 0 rejected" in looked.out
    planned = cli_here("plan", feed)
    assert "6 = 3 to send + 0 unchanged + 3 merged + 0 held" in planned.out
    ran = cli_here("run", feed)
    assert ran.code == 0
    assert "6 = 3 accepted + 0 rejected + 0 unchanged + 3 merged + 0 in doubt" in ran.out
    assert "merged    1 by its key, 1 by its key and mobilePhone, 1 by mobilePhone: " in ran.out
    run_id = ran.out.split("(run ")[1].split(")")[0]
    grouped = cli_here("results", run_id)
    assert "merged by its key; at row 4" in grouped.out
    assert "merged by its key and mobilePhone; at row 7" in grouped.out
    assert "merged by mobilePhone; at row 5" in grouped.out
    listed = cli_here("results", run_id, "--outcome", "merged", "--json")
    told = json.loads(listed.out)
    assert told["counts"]["merged"] == 3
    assert [each["merged_into"] for each in told["listed"]] == [
        "row 2, externalId 1",
        "row 3, externalId 2",
        "row 6",
    ]
    outcomes = next(path for path in told["files"] if path.endswith("outcomes.parquet"))
    earlier = pl.read_parquet(outcomes).drop("merged_into")
    earlier.write_parquet(outcomes)  # as a version before this one wrote it
    assert cli_here("results", run_id, "--outcome", "accepted").out.count("batch") == 3
    everything = grouped.out + listed.out + ran.out + planned.out
    assert "+479000" not in everything


def test_what_was_merged_wrongly_is_retried(shop, members, cli_here):
    platform = shop.serve()
    feed = members("1,,,Kari", "2,,,Ola", "3,,,Ola", match=[["firstName"]])
    summary = shop.run(feed)
    seen = platform.seen()
    again = cli_here("retry", Path(summary.folder) / "merged.csv", "--feed", feed)
    assert "1 = 1 accepted + 0 rejected" in again.out
    assert platform.seen() == seen + 1


def test_a_broken_off_preparation_leaves_no_traces(members):
    feed = members(*LINES)
    name, words = find_feed(str(feed))
    begun = begin("r1", name, words, "", dry_run=True)
    folder = Path(begun.folder)
    (folder / "traces.arrow").write_bytes(b"left by one that was killed")

    def stop(_step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_step(words, begun, stop)
    assert not (folder / "traces.arrow").exists()
