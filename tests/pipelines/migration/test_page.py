"""The page to sign says what was found, whatever the names hold."""

import polars as pl

from pipelines.migration.compared import DIFFERENCES, Compared, Comparison
from pipelines.migration.page import LISTED, make_page
from pipelines.migration.reconciling import Counted, Reconciliation

FACTS = {"name": "club", "description": "Ost & <b>Vin</b>", "started": "2026-11-30T16:43:44+00:00"}
COUNTED = Counted("balances", "points", "points", 10, 7, 0, 3, 0, 0, 0, unreadable=2)


def page_of(differences: int, **other: int) -> tuple[Reconciliation, str]:
    rows = [["points", "another amount", "<i>A-1</i>", "", "1", "2"]] * differences
    table = pl.DataFrame(rows, schema=DIFFERENCES, orient="row")
    found = Comparison()
    found.add(Compared("points", "points", 7, 0, 7 + differences, differences), table)
    counted = Counted(**{**COUNTED.__dict__, **other})
    made = Reconciliation(FACTS, [counted], found)
    return made, make_page(made)


def test_what_balances_says_so() -> None:
    made, page = page_of(0)
    assert made.balances
    assert made.told()["platform"][0]["off"] == 0
    assert "Balances." in page
    assert "Ost &amp; &lt;b&gt;Vin&lt;/b&gt;" in page
    assert "2026-11-30 16:43 UTC" in page
    assert "2 rejected records of balances have no points that can be read" in page


def test_differences_are_listed_and_counted() -> None:
    made, page = page_of(LISTED + 1)
    assert not made.balances
    assert "Does not balance: 201 differences." in page
    assert page.count("&lt;i&gt;A-1&lt;/i&gt;") == LISTED
    assert "The other 1 are in differences.parquet." in page


def test_what_does_not_add_up_or_is_in_doubt_does_not_balance() -> None:
    assert not page_of(0, source=11)[0].balances
    made, _ = page_of(0, unit="records", in_doubt=1, source=11)
    assert made.verdict == "does not balance: 1 records in doubt or held"
