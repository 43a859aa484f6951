"""The workbench before a load to production: it says so, and asks twice."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from pipelines.workbench.drafts import write_draft
from tests.conftest import KEY, ROOT, Command
from tests.pipelines.test_workbench import Bench


@contextmanager
def opened(checkout: Command, *words: str) -> Iterator[Bench]:
    """Open the workbench of a checkout as a process."""
    with subprocess.Popen(
        checkout.line("workbench", "--port", 0, *words),
        cwd=checkout.checkout,
        env=checkout.environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "on this machine only" in process.stdout.readline()
        bench = Bench(process.stdout.readline().strip())
        try:
            yield bench
        finally:
            bench.http.close()
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["", "shop"])
def test_production_is_loaded_where_it_is_allowed_and_ticked(
    profile: str, checkout: Command, api, brand
) -> None:
    place = api.base_url.removeprefix("http://")
    brand(profile, BASE_URL=api.base_url, API_KEY=KEY, ENVIRONMENT="production")
    feed = checkout.checkout / "pipelines/defs/members_csv/defs.yaml"
    text = feed.read_text()
    feed.write_text(text.replace("  mapping:", f"  profile: {profile}\n  mapping:", bool(profile)))
    with opened(checkout) as bench:
        members = (ROOT / "sample_data/members.csv").read_text(encoding="utf-8")
        draft = write_draft(replace(bench.drop(members, "members.csv"), feed="members_csv"))
        act = f"/drafts/{draft.id}"
        assert bench.post(f"{act}/plan").status_code == 303
        said = bench.page(draft, "/plan")
        form = said[said.index("<body") :]
        of = f" of {profile}" if profile else ""
        assert f'{place}/import{of} <strong class="bad">production' in form
        assert "--allow-production" in said
        assert "Load exactly this" not in said
        assert "--allow-production" in bench.post(f"{act}/load", production="on").text
    with opened(checkout, "--allow-production") as bench:
        assert 'name="production" required' in bench.page(draft, "/plan")
        assert "tick that you mean it" in bench.post(f"{act}/load").text
        assert api.facts()["customers"] == 0
        assert bench.post(f"{act}/load", production="on").status_code == 303
        assert "loaded" in bench.page(draft, "/load")
        assert api.facts()["customers"] > 0
