"""What is written is read back the same by other parsers."""

import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sample_data.members import invent_member, invent_members, write_members
from sample_data.writing import ReceiptFile

TEXT = st.none() | st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1
).filter(str.strip)
LINES = st.lists(st.tuples(st.integers(0, 3), TEXT, TEXT), min_size=1, max_size=8)


@pytest.mark.parametrize("ending", ["csv", "xml", "json", "ndjson"])
@settings(max_examples=30, deadline=None)
@given(drawn=LINES)
def test_any_text_comes_back(read_lines, tmp_path_factory, ending, drawn):
    frame = pl.DataFrame(
        [
            {
                "store_id": "1",
                "receipt_id": f"r{receipt}",
                "timestamp": "2024-01-31T10:00:00",
                "customer_id": "7" if receipt % 2 else None,
                "line_no": str(number),
                "product_name": name,
                "department": department,
                "quantity": "-0.5",
                "gross_amount": "12.50",
            }
            for number, (receipt, name, department) in enumerate(sorted(drawn, key=lambda d: d[0]))
        ],
        schema_overrides={"customer_id": pl.String, "product_name": pl.String},
    ).with_columns(pl.all().cast(pl.String))
    path = tmp_path_factory.mktemp("written") / f"receipts.{ending}"
    with ReceiptFile(path) as file:
        file.write(frame)
    assert read_lines(path) == frame.rows(named=True)


def test_a_file_left_half_way_does_not_look_whole(tmp_path):
    path = tmp_path / "receipts.json"
    with pytest.raises(RuntimeError), ReceiptFile(path):
        raise RuntimeError
    assert not path.read_text().endswith("]\n")


@pytest.mark.parametrize("ending", ["yaml", ""])
def test_another_ending_is_refused(tmp_path, ending):
    with pytest.raises(ValueError, match="csv, xml, json, ndjson"):
        ReceiptFile(tmp_path / f"receipts.{ending}")


def test_a_household_is_always_the_same_person():
    assert invent_member(900, "35-44") == invent_member(900, "35-44")
    year = int(invent_member(900, "35-44")["birth_date"][:4])
    assert 1972 <= year <= 1981


def test_members_come_back_from_each_format(read_members, tmp_path):
    members = invent_members(range(1, 60), {1: "65+", 2: "19-24"})
    assert any(member["email"] is None for member in members)
    assert any(member["mobile_phone"] is None for member in members)
    assert all(member["mobile_phone"] or member["email"] for member in members)
    for ending in ("csv", "xml", "json"):
        write_members(members, tmp_path / f"members.{ending}")
        found = read_members(tmp_path / f"members.{ending}")
        told = [
            {k: str(v).lower() if v in {True, False} else v for k, v in m.items()} for m in found
        ]
        known = [{k: v for k, v in m.items() if v is not None} for m in told]
        assert known == [{k: v for k, v in m.items() if v is not None} for m in members]


def test_importing_the_package_loads_nothing_heavy(root):
    code = "import sample_data, sys; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
