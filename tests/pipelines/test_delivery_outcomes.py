"""What is told of every record: its outcome, where it stood, the files to mend and load again."""

import csv
import stat
import time
from pathlib import Path

import polars as pl
import pytest

from pipelines import closing

# Whole runs, together half a minute.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("dagster_forgets")]

POST = {"method": "POST", "path": "/transactions"}
OLD, CHANGED, POISONED, NOBODYS = range(10), [3], [12, 25], range(40, 50)
FAULTY = {31: "no number", 33: "no receipt", 34: "short"}


def ids(numbers):
    return {f"R{n}" for n in numbers}


@pytest.fixture
def dirty(shop):
    """A load that comes to every outcome there is; gives the platform, the source, the summary."""
    platform = shop.serve({"fault": "poison", "ids": [*ids(POISONED)], "status": 422})
    feed = shop.feed(rejects={"max_percent": 50}, target={"in_flight": 1})
    assert shop.run(feed, shop.write(OLD)).exit_code == 0
    source = shop.write(range(50), changed=CHANGED, nobody=NOBODYS)
    lines = source.read_text().splitlines()
    for n, fault in FAULTY.items():
        first = 1 + 2 * n
        assert lines[first].startswith(f"1,R{n},")
        match fault:
            case "no number":
                lines[first] = lines[first].rsplit(",", 1)[0] + ",=1+1"
            case "no receipt":
                lines[first : first + 2] = [x.replace(f",R{n},", ",,") for x in lines[first:][:2]]
            case "short":
                lines[first : first + 2] = [f"1,R{n}"] * 2
    source.write_text("\n".join(lines) + "\n")
    # The last request holds nobody's receipts only, and its answer is lost.
    seen = platform.seen()
    poison = {"fault": "poison", "ids": [*ids(POISONED)], "status": 422}
    platform.fail(poison, {**POST, "requests": [8], "fault": "drop_after"})
    summary = shop.run(feed, source)
    assert platform.seen() == seen + 8
    return platform, source, summary


def test_every_record_of_the_source_has_one_row(shop, dirty):
    platform, source, summary = dirty
    told = shop.outcomes(summary)
    assert summary.exit_code == 5
    with source.open() as file:
        rows = list(csv.reader(file))[1:]
    assert (told["rows"].sum(), summary.rows) == (len(rows), len(rows))
    assert {*told["file"]} == {str(source)}
    first = told.filter(pl.col("key") != "").with_columns(
        id=pl.col("key").str.split("\x1f").list.get(1)
    )
    for row, last_row, count, name in first.select("row", "last_row", "rows", "id").iter_rows():
        assert {line[1] for line in rows[row - 2 : last_row - 1]} == {name}
        assert last_row - row + 1 == count
    covered = [n for row, last in told.select("row", "last_row").iter_rows()
               for n in range(row, last + 1)]  # fmt: skip
    assert sorted(covered) == [*range(2, len(rows) + 2)]
    outcomes = shop.told(summary)
    assert outcomes["unchanged"] == ids(set(OLD) - set(CHANGED))
    assert outcomes["unsent"] == ids(CHANGED)
    assert outcomes["rejected"] >= ids(POISONED)
    assert outcomes["in_doubt"] == ids(range(45, 50))
    held = platform.held()
    assert {*held} >= outcomes["accepted"] | outcomes["unchanged"]
    assert {*held.values()} == {1}
    assert not {*held} & ids(POISONED)


def test_what_was_sent_says_in_which_request_and_how_it_was_answered(shop, dirty):
    _, _, summary = dirty
    told = shop.outcomes(summary)
    sent = told.filter(pl.col("batch").is_not_null())
    assert {*sent["outcome"]} == {"accepted", "rejected", "in_doubt"}
    assert (sent["attempts"] >= 1).all()
    accepted = sent.filter(outcome="accepted")
    assert {*accepted["status"].drop_nulls()} == {200}
    refused = sent.filter(outcome="rejected")
    assert {*refused["status"]} == {422}
    assert (refused["attempts"] > 1).all()  # with the others, then apart
    assert refused["seconds"].is_not_null().all()
    unsent = told.filter(pl.col("batch").is_null())
    assert {*unsent["outcome"]} == {"rejected", "unchanged", "unsent"}
    assert unsent["attempts"].null_count() == unsent.height
    assert told.filter(pl.col("outcome") != "accepted")["reasons"].str.len_chars().min() > 5


def test_accepted_parquet_holds_the_accepted_ones(shop, dirty):
    _, _, summary = dirty
    accepted = pl.read_parquet(Path(summary.folder) / "accepted.parquet")
    assert accepted.equals(shop.outcomes(summary).filter(outcome="accepted"))
    assert accepted.height == summary.accepted_records


def test_rejects_and_unsent_are_rows_of_the_source(shop, dirty):
    _, source, summary = dirty
    with source.open() as file:
        lines = list(csv.DictReader(file, restkey="more", restval=""))
    rejects, unsent = shop.rows(summary, "rejects.csv"), shop.rows(summary, "unsent.csv")
    assert len(rejects) == summary.rejected_rows
    assert {row["receipt"] for row in unsent} == ids(CHANGED)
    refused = [row for row in rejects if row["receipt"] in ids(POISONED)]
    assert len(refused) == 2 * len(POISONED)
    for row in [*refused, *unsent]:
        own = {k: v for k, v in row.items() if not k.startswith("_")}
        assert own == lines[int(row["_source_row"]) - 2]
        assert row["_source_file"] == str(source)
        assert row["_run"] == summary.run_id
    assert all("422" in row["_error"] for row in refused)
    told = shop.outcomes(summary).filter(pl.col("outcome") == "rejected")
    assert told["rows"].sum() == len(rejects)
    texts = (Path(summary.folder) / "rejects.csv").read_text()
    assert "'=1+1" in texts
    assert ",=1+1" not in texts


@pytest.mark.usefixtures("dirty")
def test_only_its_owner_reads_what_is_told_of_records(state):
    files = [file for file in state.rglob("*") if file.is_file() and "dagster" not in file.parts]
    names = {file.name for file in files}
    assert names >= {"outcomes.parquet", "accepted.parquet", "rejects.csv", "unsent.csv",
                     "summary.json", "records.arrow", "refused.arrow", "ledger.sqlite"}  # fmt: skip
    assert {oct(stat.S_IMODE(file.stat().st_mode)) for file in files} == {"0o600"}
    folders = [file.parent for file in files]
    assert {oct(stat.S_IMODE(folder.stat().st_mode)) for folder in folders} == {"0o700"}


def test_the_files_are_the_same_when_they_are_written_again(shop, dirty):
    """Resumed, while what is in doubt stays so."""
    _, _, summary = dirty
    names = ("outcomes.parquet", "accepted.parquet", "rejects.csv", "unsent.csv")
    folder = Path(summary.folder)
    before = [(folder / name).read_bytes() for name in names]
    again = shop.resume(shop.folder / "feeds" / "till", summary.run_id)
    assert [(folder / name).read_bytes() for name in names] == before
    same = {"finished": "", "seconds": 0, "requests": 0}
    assert again.add(**same) == summary.add(**same)
    assert again.warnings == []


def test_the_time_told_is_that_of_the_whole_load(shop, monkeypatch):
    write = closing.write_outcomes

    def slowly(*facts):
        time.sleep(0.5)
        return write(*facts)

    monkeypatch.setattr(closing, "write_outcomes", slowly)
    shop.serve()
    summary = shop.run(shop.feed(), shop.write(range(5)))
    assert summary.seconds >= 0.5


def test_a_source_that_is_gone_leaves_the_outcomes(shop):
    """The rejects of the platform cannot be written as rows then, and that is said."""
    platform = shop.serve({**POST, "fault": "unauthorized", "after": 2})
    feed = shop.feed(target={"in_flight": 1})
    summary = shop.run(feed, source := shop.write(range(40)))
    assert summary.exit_code == 1
    platform.fail({"fault": "poison", "ids": ["R30"]})
    source.unlink()
    done = shop.resume(feed, summary.run_id)
    assert (done.state, done.exit_code) == ("finished", 4)
    assert shop.told(done)["rejected"] == {"R30"}
    (line,) = done.warnings
    assert "outcomes.parquet" in line
    assert str(source) in line


@pytest.mark.parametrize("count", [0, 1])
def test_a_load_of_nothing_is_told_as_well(count, shop):
    platform = shop.serve()
    source = {"path": str(shop.folder / "till.csv"), "allow_empty": True}
    summary = shop.run(shop.feed(source=source), shop.write(range(count)))
    assert (summary.exit_code, summary.records) == (0, count)
    assert shop.outcomes(summary).height == count
    assert platform.seen() == count
