"""The workbench in a real browser: from a file to a load in the sandbox, without JavaScript.

Screenshots of every page, large and small, light and dark, are left in build/screenshots/.
"""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import ROOT

CHROMIUM = shutil.which("chromium")
SCREENSHOTS = ROOT / "build" / "screenshots"
SIZES = {"large": {"width": 1100, "height": 900}, "small": {"width": 390, "height": 844}}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
HEAD = "Kundenr;Fornavn;Etternavn;Mobil;Mobil 2;E-post;Født;Poststed;Nyhetsbrev\n"
NAMES = ("Kari", "Ola", "Anne", "Per", "Ingrid", "Lars", "Sigrid", "Knut")


def members() -> str:
    """Forty members, one with a phone that is none; the second phone is the one to be used."""
    rows = [
        f"{1000 + n};{NAMES[n % 8]};Hansen;{'+47123' if n == 7 else f'+4791{n:06}'};+4741{n:06};"
        f"kunde{n}@example.no;{1 + n % 28:02}.02.{1950 + n};Bergen;{'Ja' if n % 3 else 'Nei'}\n"
        for n in range(40)
    ]
    return HEAD + "".join(rows)


@pytest.fixture
def served(checkout) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`loyalty-etl workbench` in a checkout of the test's own, and the address it prints."""
    server = subprocess.Popen(
        checkout.line("workbench"),
        cwd=checkout.checkout,
        env=checkout.environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        assert "on this machine only" in server.stdout.readline()
        yield server.stdout.readline().strip(), server
    finally:
        if server.poll() is None:
            server.kill()
        server.wait()
        server.stdout.close()


def shoot(page: Any, name: str) -> None:
    """Take a page at two sizes, light and dark; nothing may stand out at the side."""
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, (name, size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            path = SCREENSHOTS / f"workbench-{name}-{size}-{scheme}.png"
            page.screenshot(path=path, full_page=True)
    page.set_viewport_size(SIZES["large"])


def test_a_file_becomes_a_feed_and_is_loaded(  # noqa: PLR0915  (one road, from its begin to its end)
    api, checkout, served, tmp_path
) -> None:
    from playwright.sync_api import expect, sync_playwright

    address, server = served
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    file = tmp_path / "kunder.csv"
    file.write_text(members(), encoding="cp1252")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        # `evaluate` works all the same: pages are without scripts, the test is not.
        context = browser.new_context(viewport=SIZES["large"], java_script_enabled=False)
        page = context.new_page()
        foreign: list[str] = []
        page.on("request", lambda r: foreign.append(r.url) if address[:20] not in r.url else None)
        page.goto(address)
        expect(page.get_by_role("heading", name="Workbench")).to_be_visible()
        assert "token" not in page.url
        shoot(page, "1-start")

        page.get_by_label("The file: drop it here").set_input_files(file)
        page.get_by_role("button", name="Look at the file").click()
        expect(page.get_by_text("These are members")).to_be_visible()
        phone = page.get_by_label("What is Mobil 2?")
        assert phone.input_value() != "mobilePhone"
        shoot(page, "2-columns")
        phone.select_option("mobilePhone")
        page.get_by_role("button", name="Guess again").click()
        expect(page.get_by_label("What is Mobil 2?")).to_have_value("mobilePhone")
        expect(page.get_by_label("What is Mobil?")).not_to_have_value("mobilePhone")
        page.get_by_label("What is Mobil 2?").select_option(value="")  # it was right after all
        page.get_by_label("What is Nyhetsbrev?").select_option("consents.acceptsSms")
        page.get_by_role("button", name="Check the whole file").click()

        expect(page.get_by_text("39 of 40 members would be sent.")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("+47123").first).to_be_visible()
        shoot(page, "3-check")
        page.get_by_role("link", name="Save it as a feed").click()
        page.get_by_label("Name").fill("partner_members")
        shoot(page, "4-save")
        page.get_by_role("button", name="Save the feed").click()
        shoot(page, "5-plan")
        page.get_by_role("button", name="Dry run").click()
        expect(page.get_by_text("39 members would be sent, in 1 request.")).to_be_visible(
            timeout=60_000
        )
        assert api.facts()["customers"] == 0
        shoot(page, "6-plan")
        page.get_by_role("button", name="Load exactly this").click()
        expect(page.get_by_text("39 of 40 are loaded.")).to_be_visible(timeout=60_000)
        shoot(page, "7-load")
        with page.expect_download() as rejects:
            page.get_by_role("link", name="Rejected rows").click()
        assert b"+47123" in Path(rejects.value.path()).read_bytes()
        page.get_by_role("link", name="See the run's report").click()
        expect(page.get_by_role("heading", name="partner_members, run")).to_be_visible()
        shoot(page, "8-report")
        page.goto(address.partition("?")[0])
        expect(page.get_by_text("loaded as partner_members")).to_be_visible()
        shoot(page, "9-start")
        browser.close()
    assert foreign == []
    assert api.facts()["customers"] == 39
    text = (checkout.checkout / "pipelines/defs/partner_members/defs.yaml").read_text()
    feed = yaml.safe_load(text)["attributes"]
    assert feed["source"]["path"] == "in/kunder.csv"
    assert feed["mapping"]["consents.acceptsSms"] == "Nyhetsbrev"
    judged = checkout("validate", "partner_members", "--json")  # the feed is like any other
    assert (judged.code, judged.json()["records"]) == (4, 40)
    assert (checkout.checkout / "in/kunder.csv").stat().st_mode & 0o777 == 0o600
    server.send_signal(signal.SIGINT)
    assert server.wait(20) == 0
    assert re.search("has ended", server.stdout.read())
