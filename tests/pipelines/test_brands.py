"""Several brands: each feed with its own account, and no load into production without leave."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

import sandbox
from connectors.trigg.account import AccountError
from pipelines import load_run
from pipelines.comparing import platform_of, target_of
from pipelines.feeds import find_feed
from pipelines.materializing import open_instance
from pipelines.progress import Step
from pipelines.settings import trigg_account
from tests.conftest import KEY

ALLOW = "LOYALTY_ETL_ALLOW_PRODUCTION"
REFUSED = "to load there say --allow-production, or set LOYALTY_ETL_ALLOW_PRODUCTION=1"


def quiet(_: Step) -> None:
    """Follow nothing."""


@pytest.fixture
def brand(monkeypatch: pytest.MonkeyPatch):
    """Return what sets settings of a profile, the unnamed one by an empty name."""

    def put(name: str, **settings: str) -> None:
        prefix = f"TRIGG_{name.upper()}_" if name else "TRIGG_"
        for setting, value in settings.items():
            monkeypatch.setenv(prefix + setting, value)

    return put


@pytest.fixture
def production(shop, brand):
    """A sandbox that is said to be production."""
    platform = shop.serve()
    brand("", ENVIRONMENT="production")
    return platform


@pytest.fixture
def till(shop) -> Path:
    shop.write(range(10))
    return shop.feed()


class TestLeave:
    """A load into production."""

    def test_nothing_is_read_or_sent_without_leave(self, production, cli, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe.csv"
        os.mkfifo(pipe)  # whoever opens it waits for ever
        ran = cli("run", "members_csv", "--source", pipe)
        assert (ran.code, ran.out) == (1, "")
        host = production.base_url.removeprefix("http://")
        (line,) = ran.err.splitlines()
        assert line == f"loyalty-etl: nothing was sent into {host} (production): {REFUSED}"
        assert production.facts()["requests"] == 0

    @pytest.mark.usefixtures("dagster_forgets")
    def test_it_is_sent_with_leave_for_this_command_only(self, production, till, cli_here) -> None:
        host = production.base_url.removeprefix("http://")
        ran = cli_here("run", till, "--allow-production")
        assert (ran.code, ran.err) == (0, f"into  {host} (production)\n")
        to = f"  to        POST /transactions at {host} (production)"
        assert to in ran.out.splitlines()
        assert len(production.held()) == 10
        assert cli_here("run", till).code == 1
        (run_id,) = [line.split()[0] for line in cli_here("runs", "list").out.splitlines()]
        shown = cli_here("runs", "show", run_id).out
        assert "  environment       production\n" in shown
        assert f"  target            POST /transactions at {host}\n" in shown

    @pytest.mark.usefixtures("dagster_forgets")
    def test_the_variable_gives_leave_too(self, production, till, cli_here, monkeypatch) -> None:
        monkeypatch.setenv(ALLOW, "1")
        assert cli_here("run", till).code == 0
        assert len(production.held()) == 10

    @pytest.mark.usefixtures("dagster_forgets")
    def test_looking_needs_no_leave(self, production, till, cli_here, tmp_path) -> None:
        assert cli_here("check").code == 0
        assert "(production), a key of" in cli_here("check").out
        planned = cli_here("plan", till, "-o", tmp_path / "plan.json")
        assert planned.code == 0
        assert f"  to        {production.base_url}/transactions (production)\n" in planned.out
        told = json.loads((tmp_path / "plan.json").read_text())
        assert (told["environment"], told["profile"]) == ("production", "")
        assert cli_here("run", till, "--dry-run").code == 0
        exported = cli_here("export", "customers_report", "-o", tmp_path / "out")
        assert (exported.code, exported.errors) == (0, [])
        host = production.base_url.removeprefix("http://")
        assert f"  from      GET /reports/customers at {host} (production)\n" in exported.out
        assert production.seen() == 0
        ran = cli_here("run", till, "--plan", tmp_path / "plan.json")
        assert (ran.code, len(ran.errors)) == (1, 1)
        plan = ("--plan", tmp_path / "plan.json", "--allow-production")
        assert cli_here("run", till, *plan).code == 0

    @pytest.mark.usefixtures("dagster_forgets")
    def test_resume_and_retry_ask_for_it(self, production, till, cli_here) -> None:
        production.fail({"fault": "unauthorized", "path": "/transactions"})
        run_id = cli_here("run", till, "--allow-production", "--json").json()["run_id"]
        production.fail({"fault": "poison", "ids": ["R3"]})
        before = production.facts()["requests"]
        ran = cli_here("resume")
        (line,) = ran.err.splitlines()
        assert (ran.code, ran.out) == (1, "")
        assert f"run {run_id} of till stays unfinished: nothing was sent into " in line
        assert line.endswith(REFUSED)
        assert production.facts()["requests"] == before
        resumed = cli_here("resume", "--allow-production", "--json")
        assert (resumed.code, resumed.errors) == (4, [])
        rejects = Path(resumed.json()["folder"]) / "rejects.csv"
        production.fail()
        ran = cli_here("retry", rejects)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)
        assert "R3" not in production.held()
        assert cli_here("retry", rejects, "--allow-production").code == 0
        assert len(production.held()) == 10

    def test_what_cannot_be_known_is_production(self, till, cli_here, brand) -> None:
        brand("", BASE_URL="https://loyalty.invalid/v4")
        ran = cli_here("run", till)
        assert (ran.code, len(ran.err.splitlines())) == (1, 1)
        assert "say what it is in TRIGG_ENVIRONMENT" in ran.err

    def test_dagster_is_refused_as_a_command_is(self, production, till, shop, monkeypatch) -> None:
        refused = shop.run(till)
        assert (refused.state, refused.exit_code) == ("failed", 1)
        assert refused.error.endswith(REFUSED)
        assert (refused.rows, production.facts()["requests"]) == (0, 0)
        monkeypatch.setenv(ALLOW, "1")
        summary = shop.run(till)
        assert (summary.exit_code, summary.environment) == (0, "production")
        with open_instance() as instance:
            failed = instance.get_run_by_id(refused.run_id)
            assert failed is not None
            assert failed.status is dg.DagsterRunStatus.FAILURE
            done = instance.get_latest_materialization_event(dg.AssetKey(["till", "delivered"]))
        assert done is not None
        assert done.asset_materialization is not None
        told = done.asset_materialization.metadata
        assert told["environment"].value == "production"
        assert told["target"].value == summary.target
        assert "profile" not in told

    def test_leave_that_ended_before_the_sending_is_none(
        self, production, till, monkeypatch
    ) -> None:
        name, feed = find_feed(str(till))
        monkeypatch.setenv(ALLOW, "1")
        begun = load_run.begin("r1", name, feed, "", dry_run=False)
        assert load_run.prepare_step(feed, begun, quiet).state == "prepared"
        monkeypatch.setenv(ALLOW, "0")
        with pytest.raises(AccountError, match="nothing was sent"):
            load_run.deliver_step(feed, "r1", name, quiet)
        with pytest.raises(AccountError, match="nothing was sent"):
            load_run.resume_step(feed, "r1", name, quiet)
        assert production.facts()["requests"] == 0


class TestLedger:
    """Two brands at one address."""

    def test_what_one_brand_holds_says_nothing_of_the_other(self, shop, brand) -> None:
        platform = shop.serve()
        for name in ("brand_a", "brand_b"):
            brand(name, BASE_URL=platform.base_url, API_KEY=KEY)
        source = shop.write(range(10))
        for profile in ("brand_a", "brand_b", ""):
            feed = shop.feed(**({"profile": profile} if profile else {}))
            first, second = shop.run(feed, source), shop.run(feed, source)
            assert (first.accepted_records, second.unchanged_records) == (10, 10)
            assert (first.profile, first.environment) == (profile, "sandbox")
        assert set(platform.held().values()) == {3}

    def test_an_account_without_a_profile_keeps_its_target(self, brand, till) -> None:
        brand("", BASE_URL="https://API.oculos.no:443/v4/")
        brand("brand_a", BASE_URL="https://api.oculos.no/v4", API_KEY="k")
        _, feed = find_feed(str(till))
        assert target_of(feed, trigg_account()) == "https://api.oculos.no/v4/transactions"
        named = trigg_account("brand_a")
        assert target_of(feed, named) == "https://api.oculos.no/v4#brand_a/transactions"
        # What a feed must wait for is found by the beginning of a target.
        assert not target_of(feed, named).startswith(f"{platform_of(trigg_account())}/")

    @pytest.mark.usefixtures("dagster_forgets")
    def test_a_plan_and_a_load_stay_with_their_profile(self, shop, brand, cli_here, tmp_path):
        platform = shop.serve({"fault": "unauthorized", "path": "/transactions"})
        for name in ("brand_a", "brand_b"):
            brand(name, BASE_URL=platform.base_url, API_KEY=KEY)
        shop.write(range(10))
        plan = tmp_path / "plan.json"
        feed = shop.feed(profile="brand_a")
        planned = cli_here("plan", feed, "-o", plan)
        into = f"{platform.base_url}#brand_a/transactions"
        assert f"  to        {into} (sandbox, profile brand_a)\n" in planned.out
        run_id = cli_here("run", feed, "--json").json()["run_id"]
        platform.fail()
        feed = shop.feed(profile="brand_b")
        ran = cli_here("run", feed, "--plan", plan)
        assert (ran.code, len(ran.errors)) == (1, 1)
        assert f"is a plan into {into}, not into {platform.base_url}#brand_b/" in ran.errors[0]
        ran = cli_here("resume")
        assert (ran.code, len(ran.errors)) == (1, 1)
        assert f"it goes into {into}, and TRIGG_BRAND_B_BASE_URL leads to" in ran.errors[0]
        assert platform.held() == {}
        feed = shop.feed(profile="brand_a")
        resumed = cli_here("resume")
        assert (resumed.code, resumed.errors) == (0, [])
        assert resumed.err.startswith("into  127.0.0.1:")
        assert resumed.err.endswith("/v4 (sandbox, profile brand_a)\n")
        assert f"(run {run_id})" in resumed.out
        assert cli_here("run", feed, "--plan", plan).code == 3  # all of it is there by now


@pytest.mark.usefixtures("dagster_forgets")
class TestCommands:
    """What the commands say of a profile."""

    def test_a_missing_variable_is_told_with_its_profile(self, shop, cli_here) -> None:
        shop.write(range(3))
        feed = shop.feed(profile="brand_a")
        ran = cli_here("run", feed)
        said = "TRIGG_BRAND_A_BASE_URL is not set: put it in the environment or in .env"
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == f"loyalty-etl: profile brand_a: {said}\n"
        assert cli_here("run", feed, "--dry-run").code == 0

    def test_resume_tells_of_each_load_why_it_waits(self, shop, brand, cli_here) -> None:
        platform = shop.serve({"fault": "unauthorized", "path": "/transactions"})
        shop.write(range(3))
        brand("brand_a", BASE_URL=platform.base_url, API_KEY=KEY)
        cli_here("run", shop.feed("one", profile="brand_a"))
        cli_here("run", shop.feed("two"))
        platform.fail()
        brand("brand_a", API_KEY="")
        ran = cli_here("resume")
        assert (ran.code, len(ran.errors)) == (1, 1)
        assert "of one stays unfinished: profile brand_a: TRIGG_BRAND_A_API_KEY is" in ran.errors[0]
        assert "two: finished in " in ran.out

    def test_check_asks_the_account_that_is_named(self, api, brand, cli_here) -> None:
        brand("brand_a", BASE_URL=api.base_url, API_KEY=KEY, HEADERS="x-brand: hidden-value")
        brand("", API_KEY="another-key")
        ran = cli_here("check", "--profile", "brand_a")
        assert (ran.code, ran.err) == (0, "")
        assert "(sandbox, profile brand_a), a key of 16 characters\nheaders   x-brand\n" in ran.out
        assert "\nkey       brand_a accepted\n" in ran.out
        assert "hidden-value" not in ran.out
        assert cli_here("check").code == 1
        brand("brand_a", API_KEY="another-key")
        ran = cli_here("check", "--profile", "brand_a")
        assert ran.code == 1
        assert "check TRIGG_BRAND_A_API_KEY" in ran.err
        for name in ("Brand-A", "default", ""):
            ran = cli_here("check", "--profile", name)
            assert (ran.code, len(ran.err.splitlines())) == (1, 1)
            assert "small letters, digits and _" in ran.err

    @pytest.mark.parametrize("name", ["Brand A", "default", "''", "1st", "brand-a"])
    def test_a_feed_with_no_name_for_a_profile_is_refused(self, name, write_feed, cli_here) -> None:
        feed = write_feed("odd", ("  source:", f"  profile: {name}\n  source:"))
        ran = cli_here("run", feed)
        assert (ran.code, len(ran.err.splitlines())) == (1, 1)
        assert "`profile`: a profile's name is small letters" in ran.err

    def test_no_header_is_seen(self, shop, brand, cli_here, state: Path) -> None:
        platform = shop.serve()
        brand("", HEADERS="x-brand: canary-header-5d; x-market: canary-market-8e")
        shop.write(range(10))
        feed = shop.feed()
        told = [cli_here("check"), cli_here("plan", feed), cli_here("run", feed)]
        platform.fail({"fault": "unauthorized", "path": "/transactions"})
        shop.write(range(20))
        told += [cli_here("run", feed), cli_here("status"), cli_here("resume")]
        told += [cli_here("runs", "list", "--json")]
        assert [ran.code for ran in told] == [0, 0, 0, 1, 0, 1, 0]
        seen = [text for ran in told for text in (ran.out, ran.err)]
        seen += [f.read_bytes().decode("latin-1") for f in state.rglob("*") if f.is_file()]
        for canary in ("canary-header-5d", "canary-market-8e", KEY):
            assert not any(canary in text for text in seen), canary


def change_feeds(checkout: Path, profiles: dict[str, str]) -> None:
    """Keep these feeds only, none after another, each with a profile."""
    for folder in (checkout / "pipelines" / "defs").iterdir():
        if folder.is_dir() and folder.name not in profiles:
            shutil.rmtree(folder)
    for name, profile in profiles.items():
        file = checkout / "pipelines" / "defs" / name / "defs.yaml"
        lines = [x for x in file.read_text().splitlines() if not x.startswith("  after:")]
        lines.insert(lines.index("attributes:") + 1, f"  profile: {profile}")
        file.write_text("\n".join(lines) + "\n")


BRANDS = {"members_csv": "brand_a", "receipts_csv": "brand_b", "customers_report": "brand_a"}


@pytest.mark.slow
class TestNight:
    """The nightly job of a retailer with two brands, in a checkout of its own."""

    def test_each_brand_gets_its_own(self, checkout, tmp_path, state: Path) -> None:
        change_feeds(checkout.checkout, BRANDS)
        with (
            sandbox.running(tmp_path / "a", api_key="key-of-brand-a") as first,
            sandbox.running(tmp_path / "b", api_key="key-of-brand-b") as second,
        ):
            env = {
                "TRIGG_BASE_URL": None,
                "TRIGG_API_KEY": None,
                "TRIGG_BRAND_A_BASE_URL": first.base_url,
                "TRIGG_BRAND_A_API_KEY": "key-of-brand-a",
                "TRIGG_BRAND_B_BASE_URL": second.base_url,
                "TRIGG_BRAND_B_ENVIRONMENT": "production",
                ALLOW: "1",
            }
            lines = ["# as a user has it", "TRIGG_BRAND_B_API_KEY=key-of-brand-b"]
            (checkout.checkout / ".env").write_text("\n".join(lines) + "\n")
            night = run_nightly(checkout, tmp_path / "home", env)
            assert night.returncode == 0, night.stdout
            summaries = read_summaries(state)
            facts = [httpx_get(api.facts_url) for api in (first, second)]
            checked = checkout("check", **env)
        assert checked.code == 0
        words = [line.split()[0] for line in checked.out.splitlines()]
        assert words == [
            *("feeds", "settings", "settings", "ledger"),
            *["health", "key"] * 2,
            "Next:",
        ]
        assert (facts[0]["customers"], facts[0]["receipts"]) == (28, 0)
        assert (facts[1]["customers"], facts[1]["receipts"]) == (0, 89)
        assert {s["feed"]: (s["profile"], s["environment"], s["state"]) for s in summaries} == {
            "members_csv": ("brand_a", "sandbox", "finished"),
            "receipts_csv": ("brand_b", "production", "finished"),
            "customers_report": ("brand_a", "sandbox", "finished"),
        }
        texts = [
            night.stdout,
            checked.out,
            *(f.read_bytes().decode("latin-1") for f in held(state)),
        ]
        texts += [f.read_bytes().decode("latin-1") for f in held(tmp_path / "home")]
        assert not any("key-of-brand" in text for text in texts)

    def test_one_that_lacks_leave_or_a_key_keeps_no_other(self, checkout, tmp_path, state) -> None:
        change_feeds(checkout.checkout, {**BRANDS, "members_json": "brand_c"})
        with sandbox.running(tmp_path / "a", api_key="key-of-brand-a") as api:
            env = {
                "TRIGG_BRAND_A_BASE_URL": api.base_url,
                "TRIGG_BRAND_A_API_KEY": "key-of-brand-a",
                "TRIGG_BRAND_B_BASE_URL": "https://loyalty.invalid/v4",
                "TRIGG_BRAND_B_API_KEY": "key-of-brand-b",
                "TRIGG_BRAND_C_BASE_URL": api.base_url,
            }
            night = run_nightly(checkout, tmp_path / "home", env)
            assert httpx_get(api.facts_url)["customers"] == 28
        assert night.returncode != 0
        told = {s["feed"]: (s["state"], s["error_kind"], s["error"]) for s in read_summaries(state)}
        assert told["members_csv"] == told["customers_report"] == ("finished", "", "")
        assert told["receipts_csv"][:2] == told["members_json"][:2] == ("failed", "configuration")
        assert (
            "loyalty.invalid/v4 (production, profile brand_b): to load" in told["receipts_csv"][2]
        )
        assert told["members_json"][2].startswith("profile brand_c: TRIGG_BRAND_C_API_KEY is not")

    def test_the_demo_leads_every_brand_to_its_sandbox(self, checkout) -> None:
        change_feeds(checkout.checkout, BRANDS)
        env = {"TRIGG_BRAND_A_BASE_URL": "https://loyalty.invalid/v4", "TRIGG_BRAND_A_API_KEY": "k"}
        ran = checkout("demo", TRIGG_ENVIRONMENT="production", **env)
        assert (ran.code, ran.errors) == (0, [])


def run_nightly(
    checkout, home: Path, env: dict[str, str | None]
) -> subprocess.CompletedProcess[str]:
    """Run the job as Dagster does."""
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "dagster",
            "job",
            "execute",
            "-m",
            "pipelines.definitions",
            "-j",
            "nightly",
        ],
        cwd=checkout.checkout,
        env=checkout.environment(PYTHONPATH=None, DAGSTER_HOME=str(home), **env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def read_summaries(state: Path) -> list[dict[str, str]]:
    return [json.loads(file.read_text()) for file in state.glob("runs/*/*/summary.json")]


def held(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def httpx_get(url: str) -> dict[str, int]:
    import httpx

    return httpx.get(url, trust_env=False).raise_for_status().json()
