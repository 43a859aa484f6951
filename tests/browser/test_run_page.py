"""The page of a run in a real browser: on a desk and on a phone, by day and by night.

Screenshots are left in build/screenshots/ for a person to look at.
"""

import shutil
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import sandbox
from pipelines import ROOT
from pipelines.feeds import find_feed
from pipelines.materializing import run_feed
from pipelines.progress import Reporter
from pipelines.run_page import page_of

CHROMIUM = shutil.which("chromium")
SCREENSHOTS = ROOT / "build" / "screenshots"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
FEED = """
type: pipelines.components.LoadFeedComponent
attributes:
  source: {path: SOURCE}
  target: {endpoint: POST /transactions, max_receipts: 5}
  rejects: {max_percent: 50}
  receipts: {vat_percent: 25}
  mapping:
    Header.StoreId: store
    Header.ReceiptId: receipt
    Header.TimeStamp: time
    Items.LineNo: line
    Items.Quantity: quantity
    Items.ProductId: product
    Items.GrossAmount: gross
"""


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Run a load, one with rejects, one that fails, and an export; give their pages."""
    source = tmp_path / "till.csv"
    folder = tmp_path / "feeds" / "till"
    folder.mkdir(parents=True)
    (folder / "defs.yaml").write_text(FEED.replace("SOURCE", str(source)))

    def write(count: int, gross: str = "12.50") -> None:
        rows = [
            f"1,R{n},2026-03-01T10:00:00,1,1,P{n},{gross if n % 4 else 9}" for n in range(count)
        ]
        head = "store,receipt,time,line,quantity,product,gross"
        source.write_text("\n".join([head, *rows]) + "\n")

    def run(word: str, **options: str) -> Path:
        name, words = find_feed(word)
        return page_of(run_feed(name, words, Reporter(), **options).run_id, name)

    with sandbox.running(tmp_path / "sandbox", api_key="k") as api:
        monkeypatch.setenv("TRIGG_BASE_URL", api.base_url)
        monkeypatch.setenv("TRIGG_API_KEY", "k")
        write(60)
        made = {"load": run(str(folder))}
        write(200)
        source.write_text(
            source.read_text().replace("P3,12.50", "P3,twelve").replace(",1,P9", ",x,P9")
        )
        made["rejects"] = run(str(folder))
        made["failed"] = run(str(folder), source=str(tmp_path / "none.csv"))
        made["export"] = run("transactions_report")
    return made


def test_pages_stand_alone_and_fit(pages: dict[str, Path]) -> None:
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    asked: list[str] = []
    said: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for wide, scheme in product((1100, 390), ("light", "dark")):
            page = browser.new_page(
                viewport={"width": wide, "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: said.append(message.text))
            for name, path in pages.items():
                page.goto(path.as_uri())
                look_at(page, wide, scheme)
                shot = SCREENSHOTS / f"run-{name}-{wide}-{scheme}.png"
                page.screenshot(path=shot, full_page=True)
            page.close()
        browser.close()
    assert {url.partition(":")[0] for url in asked} == {"file"}
    assert said == []


def look_at(page: Any, wide: int, scheme: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator(".verdict")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= wide
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 24, 29)")
    for figure in page.locator("figure").all():
        box, bar = figure.bounding_box(), figure.locator(".rect, .dot").first
        assert box["x"] + box["width"] <= wide
        colour = bar.evaluate("bar => getComputedStyle(bar).fill")
        assert colour not in {"rgb(0, 0, 0)", "none", back}
