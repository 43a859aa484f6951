"""Several brands: each feed with its own account, and nothing of one goes to another."""

import json
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import sandbox
from pipelines.comparing import target_of
from pipelines.feeds import find_feed
from pipelines.platforms import platform_of
from pipelines.settings import trigg_account
from tests.conftest import KEY

ALLOW = "LOYALTY_ETL_ALLOW_PRODUCTION"


def test_what_one_brand_holds_says_nothing_of_the_other(shop, brand) -> None:
    platform = shop.serve()
    for name in ("brand_a", "brand_b"):
        brand(name, BASE_URL=platform.base_url, API_KEY=KEY)
    source = shop.write(range(10))
    for name, profile in (("a", "brand_a"), ("b", "brand_b"), ("till", "")):
        feed = shop.feed(name, **({"profile": profile} if profile else {}))
        first, second = shop.run(feed, source), shop.run(feed, source)
        assert (first.accepted_records, second.unchanged_records) == (10, 10)
        assert (first.profile, first.environment) == (profile, "sandbox")
    assert set(platform.held().values()) == {3}


def test_an_account_without_a_profile_keeps_its_target(brand, shop) -> None:
    brand("", BASE_URL="https://API.oculos.no:443/v4/")
    brand("brand_a", BASE_URL="https://api.oculos.no/v4", API_KEY="k")
    _, feed = find_feed(str(shop.feed()))
    assert target_of(feed, trigg_account()) == "https://api.oculos.no/v4/transactions"
    named = trigg_account("brand_a")
    assert target_of(feed, named) == "https://api.oculos.no/v4#brand_a/transactions"
    # What a feed must wait for is found by the beginning of a target.
    assert not target_of(feed, named).startswith(f"{platform_of(trigg_account())}/")


@pytest.mark.usefixtures("dagster_forgets")
def test_a_plan_and_a_load_stay_with_their_profile(shop, brand, cli_here, tmp_path):
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
@pytest.mark.parametrize(
    ("before", "after"), [("", "brand_a"), ("brand_a", "brand_b"), ("brand_a", "")]
)
def test_a_feed_that_gets_another_profile_does_not_send_all_again(before, after, shop, brand):
    platform = shop.serve()
    for name in ("brand_a", "brand_b"):
        brand(name, BASE_URL=platform.base_url, API_KEY=KEY)
    source = shop.write(range(10))
    feeds = {name: {"profile": name} if name else {} for name in (before, after)}
    assert shop.run(shop.feed(**feeds[before]), source).accepted_records == 10
    moved = shop.run(shop.feed(**feeds[after]), source)
    assert (moved.exit_code, moved.accepted_records) == (1, 0)
    assert "put its `profile` back, or, if this is another brand, give the feed" in moved.error
    assert set(platform.held().values()) == {1}
    again = shop.run(shop.feed(**feeds[before]), source)
    assert (again.exit_code, again.unchanged_records) == (0, 10)
    other = shop.serve()  # another address is another matter
    for name in ("brand_a", "brand_b"):
        brand(name, BASE_URL=other.base_url)
    assert shop.run(shop.feed(**feeds[after]), source).accepted_records == 10


@pytest.mark.usefixtures("dagster_forgets")
def test_a_missing_variable_is_told_with_its_profile(shop, cli_here) -> None:
    shop.write(range(3))
    feed = shop.feed(profile="brand_a")
    ran = cli_here("run", feed)
    said = "TRIGG_BRAND_A_BASE_URL is not set: put it in the environment or in .env"
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"loyalty-etl: profile brand_a: {said} [account]\n"
    assert cli_here("run", feed, "--dry-run").code == 0


@pytest.mark.usefixtures("dagster_forgets")
def test_resume_tells_of_each_load_why_it_waits(shop, brand, cli_here) -> None:
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


@pytest.mark.usefixtures("dagster_forgets")
def test_check_asks_the_account_that_is_named(api, brand, cli_here) -> None:
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
def test_a_feed_with_no_name_for_a_profile_is_refused(name, write_feed, cli_here) -> None:
    feed = write_feed("odd", ("  source:", f"  profile: {name}\n  source:"))
    ran = cli_here("run", feed)
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "`profile`: a profile's name is small letters" in ran.err


@pytest.mark.usefixtures("dagster_forgets")
def test_no_header_is_seen(shop, brand, cli_here, state: Path) -> None:
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


@pytest.mark.usefixtures("dagster_forgets")
def test_a_page_that_repeats_what_was_sent_does_not_show_it(brand, cli_here) -> None:
    class Echo(BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"key {self.headers['x-api-key']} brand {self.headers['x-brand']}!".encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        brand("", BASE_URL=f"http://127.0.0.1:{http.server_port}", HEADERS="x-brand: canary-5d")
        ran = cli_here("export", "customers_report")
        http.shutdown()
        thread.join()
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert 'no JSON but "key <key> brand <header>!"; check TRIGG_BASE_URL' in ran.errors[0]


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
def test_each_brand_gets_its_own(checkout, tmp_path, state: Path) -> None:
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


@pytest.mark.slow
def test_one_that_lacks_leave_or_a_key_keeps_no_other(checkout, tmp_path, state) -> None:
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
    assert "loyalty.invalid/v4 (production, profile brand_b): to load" in told["receipts_csv"][2]
    assert told["members_json"][2].startswith("profile brand_c: TRIGG_BRAND_C_API_KEY is not")


@pytest.mark.slow
def test_the_demo_leads_every_brand_to_its_sandbox(checkout) -> None:
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
