"""The page of a load: what it tells, what it never tells, and that it never harms the run."""

import re
import stat
from pathlib import Path

import dagster as dg
import pytest

from pipelines.materializing import open_instance
from pipelines.run_page import NoRun, page_of, write_page
from pipelines.runs import Summary, now, run_folder, write_summary
from tests.pipelines.run_page.seen import told

HEADER = (
    "member_no,first_name,last_name,mobile_phone,email,birth_date,gender,address,zip,city,"
    "country,accepts_terms,accepts_email,accepts_sms"
)
ROW = (
    "E{n},Kari,Kanarsen,+479177732{n},kanari{n}@example.no,{born},Female,Kanarigata 7,0553,Oslo,NO,"
    "true,true,true"
)


@pytest.fixture
def members(write_feed, tmp_path: Path):
    """Return what writes members born on these days; it gives a lenient feed, and the file."""

    def write(*born: str, more: str = "") -> tuple[Path, Path]:
        source = tmp_path / "members.csv"
        rows = [ROW.format(n=n, born=each) for n, each in enumerate(born)]
        source.write_text("\n".join([HEADER, *rows, more]).rstrip() + "\n", encoding="utf-8")
        change = ("  mapping:", "  rejects: {max_percent: 60}\n  mapping:")
        return write_feed("lenient", change, like="members_csv"), source

    return write


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_the_page_tells_causes_by_their_shape_and_names_nobody(members, run) -> None:
    days = ["1980-01-31", "31.02.1980", "1980-03-01", "30.02.1981", "1980-04-01", "1980-05-01"]
    feed, source = members(*days, more="E9,Kanarsen")
    done = run(feed, source=source)
    page = page_of(done.run_id, "lenient")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    text = told(page)
    for line in (
        "Finished: 4 of 7 records accepted, 3 rejected.",
        "7 read 100 %",
        "3 rejected by the checks",
        "4 sent 57.1 %",
        "birthDate (birth_date) : not a date such as 2024-01-31",
        "99.99.9999 2 rows, first at line 3",
        "2 rows 28.6 % of the rows, 2 values",
        "Likely fix: looks like dd.mm.yyyy: set values.date: &#x27;%d.%m.%Y&#x27;",
        "row: expected 14 fields, found 2",
        "requests 1 for 1 batch",
        "There is no run of this feed before",
        "loyalty-etl results",
        "email email 100 % 6 18",
    ):
        assert line in text, line
    whole = page.read_text(encoding="utf-8")
    for path in Path(done.folder).glob("*.json"):
        whole += path.read_text(encoding="utf-8")
    shown = ("Kanarsen", "4791777", "kanari", "Kanarigata", "1980-01-31", "31.02.1980", "0553")
    assert [value for value in shown if value in whole] == []


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_a_later_run_is_compared_with_the_one_before(members, run, cli_here, tmp_path) -> None:
    feed, source = members("1980-01-31", "1980-02-01")
    run(feed, source=source)
    feed, source = members("1980-01-31", "1980-02-01", "", "31.02.1980")
    done = run(feed, source=source)
    made = cli_here("report", done.run_id[:8], "-o", tmp_path / "page.html")
    assert (made.code, made.out.strip()) == (0, str(tmp_path / "page.html"))
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == 0o600
    text = told(tmp_path / "page.html")
    assert "2 unchanged since they were delivered" in text
    assert "records read 2 4 +2 (+100 %)" in text
    assert "new: birthDate: not-a-date (1)" in text
    assert "column birth_date is filled in 75.0 % of the rows, was 100 %" in text
    drawn = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<svg" in drawn
    assert "<script" not in drawn
    assert not re.search(r'(?:src|href)="', drawn)
    latest = cli_here("report", "--json")
    assert latest.json()["page"] == str(page_of(done.run_id, "lenient"))


@pytest.mark.usefixtures("api")
def test_a_run_that_failed_leaves_a_page_and_dagster_leads_there(run, monkeypatch) -> None:
    done = run("members_csv", source="/nowhere/members.csv")
    text = told(page_of(done.run_id, "members_csv"))
    assert "Failed: nothing was sent. /nowhere/members.csv: no such file" in text
    assert "What became of the records" not in text
    with open_instance() as instance:
        logs = instance.all_logs(done.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        failure = logs[0].dagster_event.step_failure_data.user_failure_data
    assert failure.metadata["report"] == dg.MetadataValue.path(page_of(done.run_id, "members_csv"))
    monkeypatch.setenv("LOYALTY_ETL_REPORT_URL", "https://etl.example/reports/")
    done = run("members_csv")
    with open_instance() as instance:
        logs = instance.all_logs(done.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        metadata = logs[-1].dagster_event.materialization.metadata
    address = f"https://etl.example/reports/{done.run_id}/members_csv"
    assert metadata["report"] == dg.MetadataValue.url(address)


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_a_page_that_cannot_be_made_breaks_no_run(run, monkeypatch) -> None:
    from pipelines.run_page import writing

    def fail(_: object) -> str:
        raise ValueError("Kanarsen")

    monkeypatch.setattr(writing, "make_page", fail)
    done = run("members_csv")
    assert (done.state, done.exit_code) == ("finished", 0)
    assert not page_of(done.run_id, "members_csv").exists()
    assert "ValueError" in (Path(done.folder) / "error.log").read_text()


@pytest.mark.usefixtures("dagster_forgets")
def test_what_is_in_doubt_comes_first(shop) -> None:
    shop.serve({"method": "POST", "requests": [2], "fault": "drop_after", "stored": "half"})
    feed = shop.feed(delivery={"in_doubt": "hold"})
    shop.write(range(60))
    done = shop.run(feed)
    text = told(write_page(done.run_id, "till"))
    assert done.in_doubt_records == 10, done
    assert "In doubt: nobody knows whether 10 of 60 records have arrived." in text
    assert "batches that are batches records requests middle answer accepted 5 50" in text, text
    assert "loyalty-etl status" in text


def test_several_feeds_of_a_run_are_one_page(state: Path) -> None:
    with pytest.raises(NoRun, match="there is no run r1; see: loyalty-etl runs list"):
        write_page("r1")
    for feed in ("shoes", "hats"):
        facts = {"started": now(), "records": 2, "accepted_records": 2, "state": "finished"}
        folder = str(run_folder("r1", feed))
        write_summary(Summary("r1", feed, "load", folder=folder, **facts))
    path = write_page("r1")
    assert path == state / "runs" / "r1" / "report.html"
    assert "Run r1: 2 feeds" in told(path)
    assert "shoes Finished: 2 of 2 records accepted. 2 2 0" in told(path)
    assert write_page("r1", "hats") == state / "runs" / "r1" / "hats" / "report.html"


def test_a_run_that_is_not_there(cli_here) -> None:
    asked = cli_here("report", "x")
    assert (asked.code, asked.errors) == (
        1,
        ["loyalty-etl: no run begins with x; see: loyalty-etl runs list"],
    )
