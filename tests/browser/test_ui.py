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
from pathlib import Path

import httpx
import pytest

from pipelines import ROOT
from pipelines.feeds import list_feeds

CHROMIUM = shutil.which("chromium")
SCREENSHOTS = ROOT / "build" / "screenshots"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the demo, then `dagster dev` as `make dev` does, over the same state."""
    home = tmp_path_factory.mktemp("home")
    shutil.copy(ROOT / "dagster.yaml", home)
    port = free_port()
    env = os.environ | {"LOYALTY_ETL_STATE": str(home / ".state"), "PYTHONPATH": str(ROOT)}
    env.pop("DAGSTER_HOME", None)
    subprocess.run(
        [sys.executable, "-m", "pipelines", "demo"], check=True, env=env, cwd=ROOT, timeout=120
    )
    command = [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--module-name", "pipelines.definitions", "--working-directory", str(ROOT)]
    log = home / "dagster.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command,
            env=env | {"DAGSTER_HOME": str(home)},
            cwd=home,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/server_info", server, log)
            yield f"http://127.0.0.1:{port}"
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


def test_the_graph_and_the_nightly_run_are_shown(ui: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))

        page.goto(f"{ui}/asset-groups")
        expect(page.get_by_text("receipts_csv").first).to_be_visible(timeout=60_000)
        for name in list_feeds():
            expect(page.get_by_text(name).first).to_be_visible()
        page.wait_for_timeout(2000)
        page.screenshot(path=SCREENSHOTS / "asset-graph.png")

        page.goto(f"{ui}/runs")
        expect(page.get_by_text("nightly").first).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Success").first).to_be_visible()
        page.screenshot(path=SCREENSHOTS / "runs.png")

        page.goto(f"{ui}/assets/receipts_csv/delivered")
        expect(page.get_by_text("accepted_records").first).to_be_visible(timeout=30_000)
        page.screenshot(path=SCREENSHOTS / "receipts-delivered.png")

        page.goto(f"{ui}/assets/receipts_csv/prepared?view=checks")
        expect(page.get_by_text("rejects_within_limit").first).to_be_visible(timeout=30_000)
        page.screenshot(path=SCREENSHOTS / "receipts-check.png")
        browser.close()
    assert faults == []
