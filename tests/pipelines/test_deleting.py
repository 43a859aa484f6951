"""Deletions of customers: only what was planned, and asked for by its number."""

import json
from pathlib import Path

import dagster as dg
import httpx
import pytest
import yaml

from pipelines.assets import load_assets
from pipelines.feeds import find_feed
from pipelines.jobs import build_nightly
from pipelines.materializing import open_instance
from pipelines.progress import Reporter
from pipelines.runs import read_summary
from tests.pipelines.conftest import KEY, NO_WAITS

BY_EXTERNAL = "DELETE /customers/externalId/{externalId}/source/{source}"
MAPPING = {"externalId": "no", "source": {"constant": "gdpr"}}


@pytest.fixture
def platform(shop):
    """A platform with the customers M1 to M4."""
    served = shop.serve()
    headers = {"x-api-key": KEY}
    with httpx.Client(base_url=served.base_url, headers=headers, trust_env=False) as http:
        for n in range(1, 5):
            data = {"externalId": f"M{n}", "mobilePhone": f"+479000000{n}"}
            http.post("customers", json={"data": data}).raise_for_status()
    return served


def write(folder: Path, name: str = "gone", endpoint: str = BY_EXTERNAL, mapping=MAPPING) -> Path:
    attributes = {
        "source": {"path": str(folder / "gone.csv")},
        "target": {"endpoint": endpoint},
        "mapping": mapping,
        "delivery": NO_WAITS,
        "rejects": {"max_percent": 100},
    }
    place = folder / "feeds" / name
    place.mkdir(parents=True, exist_ok=True)
    words = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    (place / "defs.yaml").write_text(yaml.safe_dump(words, sort_keys=False), encoding="utf-8")
    return place


def name_them(folder: Path, *names: str) -> None:
    (folder / "gone.csv").write_text("no\n" + "".join(f"{name}\n" for name in names))


def test_nothing_is_deleted_unless_it_was_planned_and_asked_for(shop, platform, cli_here):
    name_them(shop.folder, "M1", "M2")
    feed, plan = write(shop.folder), shop.folder / "plan.json"
    for words in ([], ["--delete", "2"]):
        ran = cli_here("run", feed, *words)
        assert (ran.code, len(ran.errors)) == (1, 1)
        assert "deletes customers, for good: nothing was sent" in ran.err
        assert f"loyalty-etl plan {feed} -o plan.json" in ran.err
    looked = cli_here("plan", feed, "-o", plan)
    assert looked.code == 0
    assert "  deletes   2 customers by externalId, for good: whom, says " in looked.out
    assert looked.out.endswith(f"Next: loyalty-etl run {feed} --plan {plan} --delete 2\n")
    assert json.loads(plan.read_text())["deletes"] == ["externalId M1", "externalId M2"]
    assert "M1" not in looked.out
    for words in ([], ["--delete", "3"]):
        ran = cli_here("run", feed, "--plan", plan, *words)
        assert (ran.code, len(ran.errors)) == (1, 1)
    assert "the plan deletes 2 customers, and 3 were asked for: nothing was sent" in ran.err
    assert (platform.seen("DELETE"), platform.facts()["customers"]) == (0, 4)
    ran = cli_here("run", feed, "--plan", plan, "--delete", "2")
    assert (ran.code, "= 2 accepted " in ran.out) == (0, True)
    assert (platform.facts()["deleted"], platform.facts()["customers"]) == (2, 2)


def test_a_list_that_has_grown_since_is_refused(shop, platform, cli_here):
    name_them(shop.folder, "M1")
    feed, plan = write(shop.folder), shop.folder / "plan.json"
    cli_here("plan", feed, "-o", plan)
    name_them(shop.folder, "M1", "M2")
    ran = cli_here("run", feed, "--plan", plan, "--delete", "1")
    assert (ran.code, "not as planned" in ran.err) == (3, True)
    assert platform.facts()["customers"] == 4


def test_a_dry_run_leads_to_a_plan(shop, platform, cli_here):
    name_them(shop.folder, "M1")
    feed = write(shop.folder)
    ran = cli_here("run", feed, "--dry-run")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, f"Next: loyalty-etl plan {feed}")
    assert platform.facts()["customers"] == 4


def test_rejects_are_not_deleted_by_a_retry_alone(shop, platform, cli_here):
    name_them(shop.folder, "M1", "M9")
    feed, plan = write(shop.folder), shop.folder / "plan.json"
    cli_here("plan", feed, "-o", plan)
    told = cli_here("run", feed, "--plan", plan, "--delete", "2", "--json").json()
    assert (told["accepted_records"], told["rejected_records"]) == (1, 1)
    rejects = Path(told["folder"]) / "rejects.csv"
    rejects.write_text(rejects.read_text().replace("M9", "M2"))
    ran = cli_here("retry", rejects, "--feed", feed)
    assert (ran.code, "deletes customers" in ran.err) == (1, True)
    assert platform.facts()["customers"] == 3
    cli_here("plan", feed, "--source", rejects, "-o", plan)
    assert cli_here("run", feed, "--plan", plan, "--delete", "1").code == 0
    assert platform.facts()["customers"] == 2


def test_other_feeds_have_nothing_to_ask_for(shop, cli_here):
    shop.serve()
    shop.write(range(2))
    ran = cli_here("run", shop.feed(), "--delete", "2")
    assert (ran.code, "deletes no customers: leave --delete out" in ran.err) == (1, True)


def test_a_run_of_dagster_deletes_only_what_its_config_asks_for(shop, platform):
    name_them(shop.folder, "M1", "M2")
    feed = write(shop.folder)
    summary = shop.run(feed)
    assert (summary.state, summary.error_kind) == ("failed", "configuration")
    assert "gone deletes customers, for good" in summary.error
    assert not (Path(summary.folder) / "records.arrow").exists()
    looked = shop.run(feed, dry_run=True)
    digest = json.loads((Path(looked.folder) / "plan.json").read_text())["digest"]
    for wrong in ({"delete": 2}, {"plan": digest}, {"plan": digest, "delete": 1}):
        assert shop.run(feed, **wrong).state == "failed"
    assert platform.facts()["customers"] == 4
    assert shop.run(feed, plan=digest, delete=2).accepted_records == 2


def test_nightly_leaves_them_out(shop, platform):
    name_them(shop.folder, "M1", "M2")
    shop.write(range(3))
    feeds = [find_feed(str(place)) for place in (write(shop.folder), shop.feed())]
    assets = [asset for name, feed in feeds for asset in load_assets(name, feed)]
    erasing = [name for name, feed in feeds if feed.target.erases]
    assert erasing == ["gone"]
    reporter = dg.Definitions(assets=assets, resources={"reporter": Reporter()})
    definitions = dg.Definitions.merge(reporter, build_nightly(erasing))
    with open_instance() as instance:
        job = definitions.resolve_job_def("nightly")
        result = job.execute_in_process(instance=instance)
    assert result.success
    assert read_summary(result.run_id, "gone") is None
    done = read_summary(result.run_id, "till")
    assert done is not None
    assert done.accepted_records == 3
    assert (platform.seen("DELETE"), platform.facts()["customers"]) == (0, 4)


def test_a_deletion_that_was_stopped_goes_on(shop, platform, cli_here):
    platform.fail({"fault": "unauthorized", "path": "/customers*", "after": 1})
    name_them(shop.folder, "M1", "M2")
    feed, plan = write(shop.folder), shop.folder / "plan.json"
    cli_here("plan", feed, "-o", plan)
    assert cli_here("run", feed, "--plan", plan, "--delete", "2").code == 1
    platform.fail()
    assert cli_here("resume", "--feed", feed).code == 0
    assert platform.facts()["customers"] == 2


def test_a_plan_forgets_whom_it_would_delete(shop, platform, cli_here):
    name_them(shop.folder, "M1", "M2")
    feed = write(shop.folder)
    shop.run(feed)  # refused, and nothing is left of it
    looked = cli_here("plan", feed, "--json").json()
    assert platform.facts()["customers"] == 4
    assert json.loads(Path(looked["file"]).read_text())["deletes"]
    assert cli_here("forget", "--key", "M2", "--yes").code == 0
    made = json.loads(Path(looked["file"]).read_text())
    assert (made["deletes"], made["example"]) == ([], "")
