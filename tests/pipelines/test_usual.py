"""A load is held against those before it, in Dagster too."""

from datetime import timedelta

import dagster as dg
import pytest

from pipelines.assets import load_assets
from pipelines.feeds import read_feed
from pipelines.feeds.watching import Freshness
from pipelines.runs import list_summaries
from tests.pipelines.exports.looking.test_export_asset import events_of


@pytest.mark.usefixtures("api")
def test_columns_and_rows_are_those_of_the_runs_before(run, write_feed, tmp_path) -> None:
    source = tmp_path / "members.csv"
    lines = [f"{n},+47120001{n:02},x" for n in range(10)]
    words = "  rows_deviation: {percent: 20}\n"
    feed = write_feed("joined", like="members_csv", text=WORDS.format(source=source) + words)
    lines = ["member_no,phone,shop", *lines]
    changed = ["member_no,phone,town,till", *(f"{line},y" for line in lines[1:6])]
    for text, checks in ((lines, (True, True)), (changed, (False, False))):
        source.write_text("\n".join([*text, ""]))
        summary = run(feed)
        _, told = events_of(summary.run_id)
        assert (told["columns_as_before"], told["rows_as_usual"]) == checks
        assert told["nothing_in_doubt"]
    latest, before = list_summaries("joined")
    assert before.columns == ["member_no", "phone", "shop"]
    assert latest.columns == ["member_no", "phone", "town", "till"]


def test_freshness_is_dagsters_own() -> None:
    words = read_feed("members_csv").model_copy(update={"freshness": Freshness(within_hours=26)})
    _, delivered = load_assets("members_csv", words)
    policy = delivered.specs_by_key[delivered.key].freshness_policy
    assert policy == dg.FreshnessPolicy.time_window(timedelta(hours=26))


WORDS = """
type: pipelines.components.LoadFeedComponent
attributes:
  source: {{path: {source}}}
  target: {{endpoint: POST /import}}
  mapping: {{externalId: member_no, mobilePhone: phone}}
"""
