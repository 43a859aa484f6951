"""The runbook: its commands run, in their order, and do what the page says."""

import pytest

from tests.docs.commands import commands_of


def test_the_runbook_settles_what_is_in_doubt(quick_feed, faults, cli_here, api) -> None:
    """The platform cannot tell, a person looks: the page's commands in their order."""
    feed = quick_feed()
    faults(
        {"fault": "drop_after", "path": "/transactions", "stored": "all", "first": 1},
        {"fault": "error_500", "method": "GET", "path": "/transactions/*"},
    )
    ran = cli_here("run", feed, "--json")
    assert ran.code == 5
    run_id = ran.json()["run_id"]
    faults({"fault": "error_500", "method": "GET", "path": "/transactions/*"})
    batches = [each["batch"] for each in cli_here("status", "--json").json()["in_doubt"]]
    codes = {}
    for words in commands_of("runbook", "Records are in doubt"):
        if "--not-landed" in words:
            continue  # all of it landed
        for batch in batches if "--batch" in words else [0]:
            said = [{"RUN": run_id, "7": str(batch)}.get(word, word) for word in words[1:]]
            codes[" ".join(words[1:])] = cli_here(*said).code
    settled = "resolve RUN --batch 7 --landed"
    assert codes == {"resume": 0, "status": 5, "resolve RUN": 5, settled: 0}
    assert cli_here("status").code == 0
    assert api.facts()["warnings"]["repeated_receipts"] == 0


@pytest.mark.parametrize(
    "section", ["A disk is full", "Something else is at work", "An export is missing"]
)
def test_the_runbook_runs_where_all_is_well(section: str, cli_here, api) -> None:
    assert api.base_url
    for words in commands_of("runbook", section):
        assert cli_here(*words[1:]).code == 0, words
