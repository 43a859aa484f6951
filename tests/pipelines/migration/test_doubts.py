"""Points and stamps whose answer was lost: what the member has decides, and nothing is doubled."""

from pathlib import Path

import httpx
import pytest

import sandbox
from sample_data.legacy import make_programme, tell_facts
from sample_data.legacy_files import write_programme
from tests.conftest import KEY

pytestmark = pytest.mark.usefixtures("dagster_forgets")


@pytest.mark.slow
@pytest.mark.parametrize("stored", ["all", "none"])
def test_what_was_lost_is_settled_by_what_the_member_has(
    stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli_here
) -> None:
    made = make_programme(30, seed=8)
    folder = tmp_path / "programme"
    write_programme(made, folder)
    for feed in (folder / "feeds").glob("*/defs.yaml"):
        text = feed.read_text(encoding="utf-8").replace("max_percent: 15", "max_percent: 60")
        if "  delivery:\n" not in text:
            text += "  delivery:\n"
        words = "    settle: 0\n    retries: {first_wait: 0, longest_wait: 0}\n"
        feed.write_text(text.replace("  delivery:\n", f"  delivery:\n{words}"), encoding="utf-8")
    with sandbox.running(tmp_path / "data", api_key=KEY, offers=folder / "offers.yaml") as api:
        monkeypatch.setenv("TRIGG_BASE_URL", api.base_url)
        paths = ("/loyalty/bonus/addRewardPoints", "/loyalty/achievements")
        rules = [
            {"fault": "error_500", "path": p, "requests": [2, 5], "stored": stored} for p in paths
        ]
        httpx.put(api.faults_url, json={"rules": rules}, trust_env=False).raise_for_status()
        ran = cli_here("migrate", folder / "old_club.yaml", "--json")
        facts = httpx.get(api.facts_url, trust_env=False).json()
    assert ran.code == 4, ran.err
    expected = tell_facts(made)
    assert facts["points"] == expected["points"]
    assert facts["clips"] == expected["stamps"]
    assert ran.json()["reconciliation"]["differences"] == 0
