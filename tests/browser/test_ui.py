"""Dagster's UI in a real browser: the graph loads, the nightly run is shown.

Screenshots are left in build/screenshots/ for a person to look at.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from pipelines import ROOT
from pipelines.exports.versions import list_versions
from pipelines.feeds import list_feeds
from tests.pipelines.exports.paged import BY_DAY, OSLO, sale, sell_by_day, serve_reports

CHROMIUM = shutil.which("chromium")
SCREENSHOTS = ROOT / "build" / "screenshots"
TODAY = datetime.now(OSLO).date()
FIRST = f"start: {TODAY - timedelta(days=10)}"
DAYS = [(TODAY - timedelta(days=days)).isoformat() for days in (5, 4, 3)]
SALES = [sale(n, f"{day}T12:00:00Z") for n, day in enumerate([*DAYS, DAYS[0], str(TODAY)])]
WORKSPACE = """load_from:
- python_module: {{module_name: pipelines.definitions, working_directory: {root}}}
- python_file: {{relative_path: by_day.py, working_directory: {root}}}
"""
LOCATION = """import dagster as dg
from pipelines.components import ExportFeedComponent
from pipelines.feeds import find_feed
from pipelines.progress import Reporter
defs = dg.Definitions.merge(
    ExportFeedComponent(*find_feed({folder!r})).build_defs(None),
    dg.Definitions(resources={{"reporter": Reporter()}}),
)
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Ui:
    url: str
    state: Path


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """Run the demo, then `dagster dev` as `make dev` does, over the same state.

    Beside the shipped feeds it has `by_day`, an export by day that nobody has run yet.
    """
    home = tmp_path_factory.mktemp("home")
    shutil.copy(ROOT / "dagster.yaml", home)
    port = free_port()
    env = os.environ | {"LOYALTY_ETL_STATE": str(home / ".state"), "PYTHONPATH": str(ROOT)}
    env.pop("DAGSTER_HOME", None)
    subprocess.run(
        [sys.executable, "-m", "pipelines", "demo"], check=True, env=env, cwd=ROOT, timeout=120
    )
    (home / "by_day").mkdir()
    (home / "by_day" / "defs.yaml").write_text(BY_DAY.replace("start: 2026-03-01", FIRST))
    (home / "by_day.py").write_text(LOCATION.format(folder=str(home / "by_day")))
    (home / "workspace.yaml").write_text(WORKSPACE.format(root=ROOT))
    command = [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workspace", str(home / "workspace.yaml")]
    log = home / "dagster.log"
    with log.open("wb") as out, serve_reports() as reports:
        sell_by_day(reports, SALES)
        server = subprocess.Popen(
            command,
            env=env
            | {"DAGSTER_HOME": str(home), "TRIGG_BASE_URL": reports.url, "TRIGG_API_KEY": "k"},
            cwd=home,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/server_info", server, log)
            yield Ui(f"http://127.0.0.1:{port}", home / ".state")
        finally:
            os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise AssertionError(log.read_text()[-2000:])


def test_the_graph_and_the_nightly_run_are_shown(ui: Ui) -> None:
    from playwright.sync_api import expect, sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))

        page.goto(f"{ui.url}/asset-groups")
        expect(page.get_by_text("receipts_csv").first).to_be_visible(timeout=60_000)
        for name in list_feeds():
            expect(page.get_by_text(name).first).to_be_visible()
        page.wait_for_timeout(2000)
        page.screenshot(path=SCREENSHOTS / "asset-graph.png")

        page.goto(f"{ui.url}/runs")
        expect(page.get_by_text("nightly").first).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Success").first).to_be_visible()
        page.screenshot(path=SCREENSHOTS / "runs.png")

        page.goto(f"{ui.url}/assets/receipts_csv/delivered")
        expect(page.get_by_text("accepted_records").first).to_be_visible(timeout=30_000)
        page.screenshot(path=SCREENSHOTS / "receipts-delivered.png")

        page.goto(f"{ui.url}/assets/receipts_csv/prepared?view=checks")
        expect(page.get_by_text("rejects_within_limit").first).to_be_visible(timeout=30_000)
        page.screenshot(path=SCREENSHOTS / "receipts-check.png")
        browser.close()
    assert faults == []


def test_an_export_shows_its_proof_and_a_chart(ui: Ui) -> None:
    from playwright.sync_api import expect, sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1700})
        page.goto(f"{ui.url}/assets/transactions_report/report")
        expect(page.get_by_text("sample_in_shapes").first).to_be_visible(timeout=60_000)
        page.screenshot(path=SCREENSHOTS / "export.png")
        page.get_by_text("Show Markdown").first.click()
        chart = page.get_by_role("dialog").locator("img[src^='data:image/svg']")
        expect(chart).to_be_visible(timeout=10_000)
        assert chart.evaluate("image => image.naturalWidth") == 640
        page.screenshot(path=SCREENSHOTS / "export-chart.png")

        page.goto(f"{ui.url}/assets/transactions_report/report?view=checks")
        expect(page.get_by_text("proven_complete").first).to_be_visible(timeout=30_000)
        expect(page.get_by_text("columns_unchanged").first).to_be_visible()
        page.screenshot(path=SCREENSHOTS / "export-checks.png")
        browser.close()


def test_a_backfill_of_some_days_is_one_run(ui: Ui) -> None:
    """Choose the days of an export in the asset's page; a daemon and a code server do the rest."""
    from playwright.sync_api import expect, sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.goto(f"{ui.url}/assets/by_day/report")
        page.get_by_role("button", name="Materialize…").click(timeout=60_000)
        dialog = page.get_by_role("dialog")
        chosen = dialog.get_by_role("textbox").first
        chosen.fill(f"[{DAYS[0]}...{DAYS[-1]}]")
        chosen.press("Enter")
        expect(dialog.get_by_text("3 partitions")).to_be_visible()
        page.screenshot(path=SCREENSHOTS / "backfill-days.png")
        dialog.get_by_role("button", name="Launch backfill").click()

        latest = ui.state / "exports" / "by_day" / "latest"
        deadline = time.monotonic() + 120
        while not latest.exists() and time.monotonic() < deadline:
            page.wait_for_timeout(500)
        rows = pl.read_parquet(latest / "data" / "**" / "*.parquet", hive_partitioning=True)
        by_day = {str(day): rows for day, rows in rows.group_by("day").len().sort("day").rows()}
        assert by_day == dict(zip(DAYS, [2, 1, 1], strict=True))
        assert len(list_versions(latest.parent)) == 1

        page.goto(f"{ui.url}/assets/by_day/report?view=partitions&partition={DAYS[1]}")
        expect(page.get_by_text("Materialized (3)")).to_be_visible(timeout=60_000)
        page.screenshot(path=SCREENSHOTS / "backfill-done.png")
        browser.close()
