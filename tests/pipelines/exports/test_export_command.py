"""`loyalty-etl export` as a user meets it: broken off, gone on with, with a window."""

from collections.abc import Iterator

import pytest

from tests.pipelines.exports.paged import Reply, Reports, customer, serve_reports

FEED = """
type: pipelines.components.ExportFeedComponent
attributes:
  report:
    type: customers
    rows_page: 10
    in_flight: 1
    parameters: {changed: "{from}"}
    window: {from: yesterday}
    retries: {attempts: 2, first_wait: 0, longest_wait: 0}
    breaker: {rest: 0}
  columns: {id: text, points: integer}
  key: [id]
"""


@pytest.fixture
def reports(monkeypatch) -> Iterator[Reports]:
    with serve_reports() as one:
        one.rows = [customer(i) for i in range(45)]
        monkeypatch.setenv("TRIGG_BASE_URL", one.url)
        yield one


@pytest.mark.usefixtures("dagster_forgets")
def test_the_same_command_goes_on(reports, tmp_path, cli_here, write_feed):
    feed = write_feed("members", text=FEED)
    words = ("export", feed, "-o", tmp_path / "out", "--since", "2026-03-01")
    reports.spoil = lambda n, _, page: Reply(503) if n == 4 else page
    broken = cli_here(*words)
    assert broken.code == 2
    (line,) = broken.errors
    assert "503" in line
    assert line.endswith("what was read is kept: export it again, and it goes on from there")

    reports.asked.clear()
    reports.spoil = lambda *told: told[2]
    done = cli_here(*words)
    assert done.code == 0, done.err
    assert "proof     45 announced = 45 read = 45 keys, 3 pages asked for twice" in done.out
    assert "3 pages had been read by an earlier run" in done.out
    assert sorted(reports.asked) == [1, 3, 4, 5, 5]
    assert {query["changed"] for query in reports.queries} == {"2026-03-01"}

    # Another window is another question.
    reports.asked.clear()
    assert cli_here(*words[:-1], "2026-03-02").code == 0
    assert {1, 2, 3, 4, 5} == {*reports.asked}


@pytest.mark.usefixtures("dagster_forgets")
def test_what_can_not_be_proven_is_told_in_one_line(reports, tmp_path, cli_here, write_feed):
    reports.spoil = lambda n, _, page: page | {"data": []} if n == 3 else page
    feed = write_feed("members", text=FEED)
    refused = cli_here("export", feed, "-o", tmp_path / "out")
    assert refused.code == 3
    (line,) = refused.errors
    assert line == (
        "loyalty-etl: GET /reports/customers, read 3 times over: 35 rows came, where 45 are"
        " announced; nothing was published: export it again at a quiet time, or ask for a closed"
        " window"
    )
    publish = ("    window", "    on_incomplete: publish\n    window")
    feed = write_feed("members", publish, text=FEED)
    done = cli_here("export", feed, "-o", tmp_path / "out")
    assert done.code == 0
    assert "not proven: 35 rows read" in done.out
    assert "warning   may be incomplete: 35 rows came, where 45 are announced" in done.out


def test_the_name_of_a_file_is_no_folder(tmp_path, cli_here, write_feed):
    feed = write_feed("members", text=FEED)
    refused = cli_here("export", feed, "-o", tmp_path / "members.Parquet")
    assert refused.code == 1
    (line,) = refused.errors
    assert "looks like a file: -o is a folder of versions, the newest in latest/data" in line
    assert f"use: -o {tmp_path / 'members'};" in line
    assert not list(tmp_path.glob("members*"))


@pytest.mark.usefixtures("dagster_forgets", "reports")
def test_a_list_says_where_an_export_lies_that_is_not_in_the_state(tmp_path, cli_here, write_feed):
    feed = write_feed("members", text=FEED)
    words = ("export", feed, "--since", "2026-03-01")
    assert (cli_here(*words).code, cli_here(*words, "-o", tmp_path / "out").code) == (0, 0)
    told = [line for line in cli_here("exports", "list").out.splitlines() if "45 rows" in line]
    assert len(told) == 2
    assert [line.endswith(f"  in {tmp_path / 'out'}") for line in told].count(True) == 1
