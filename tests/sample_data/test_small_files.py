"""The small files are what sample_data/README.md says: consistent, alike and disjoint."""

import csv
import json
import re
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

FORMATS = ("csv", "xml", "json")

MEMBER_FIELDS = {
    *("member_no", "first_name", "last_name", "mobile_phone", "email", "birth_date", "gender"),
    *("address", "zip", "city", "country", "accepts_terms", "accepts_email", "accepts_sms"),
}


def by_receipt(lines):
    receipts = defaultdict(list)
    for line in lines:
        receipts[line["receipt_id"]].append(line)
    return receipts


@pytest.fixture(params=FORMATS)
def ending(request):
    return request.param


@pytest.fixture
def lines(ending, samples, read_lines):
    return read_lines(samples / f"receipts.{ending}")


def test_every_file_is_small(samples):
    files = [path for path in samples.rglob("*") if path.suffix in {".csv", ".xml", ".json"}]
    assert len(files) == 25
    assert all(path.stat().st_size < 60_000 for path in files)


def test_amounts_add_up_to_the_cent(lines):
    for line in lines:
        gross, vat, net = (Decimal(line[f]) for f in ("gross_amount", "vat", "net_amount"))
        assert net == gross - vat
        assert any(
            vat == (gross * rate / (100 + rate)).quantize(Decimal("0.01"), "ROUND_HALF_UP")
            for rate in (15, 25)
        )
        assert min(gross, vat, net, Decimal(line["discount"])) >= 0


def test_a_receipt_is_one_store_time_and_customer(lines):
    receipts = by_receipt(lines)
    assert 60 <= len(receipts) <= 120
    for receipt in receipts.values():
        for field in ("store_id", "timestamp", "customer_id"):
            assert len({line[field] for line in receipt}) == 1
        assert len({line["line_no"] for line in receipt}) == len(receipt)
        assert len({line["quantity"].startswith("-") for line in receipt}) == 1
        if "receipt_gross_amount" in receipt[0]:
            total = sum(Decimal(line["gross_amount"]) for line in receipt)
            assert {Decimal(line["receipt_gross_amount"]) for line in receipt} == {total}


def test_the_lines_of_a_receipt_stand_together_in_order_of_time(lines):
    ids = [line["receipt_id"] for line in lines]
    changes = sum(one != other for one, other in pairwise(ids))
    assert changes + 1 == len(set(ids))
    times = [line["timestamp"] for line in lines]
    assert times == sorted(times)


def test_every_kind_of_line_is_there(lines):
    assert any(line["quantity"].startswith("-") for line in lines)
    assert any("." in line["quantity"] for line in lines)
    assert any(line["customer_id"] is None for line in lines)
    names = "".join(line["product_name"] for line in lines)
    assert all(sign in names for sign in "&\"',æøå")


def test_customers_are_members_and_members_are_customers(ending, lines, samples, read_members):
    members = read_members(samples / f"members.{ending}")
    shoppers = {line["customer_id"] for line in lines} - {None}
    assert [m["member_no"] for m in members] == sorted(shoppers, key=int)


def test_members_are_whole_people(ending, samples, read_members):
    members = read_members(samples / f"members.{ending}")
    for member in members:
        assert set(member) <= MEMBER_FIELDS
        phone, email = member.get("mobile_phone"), member.get("email")
        assert phone or email
        assert not phone or re.fullmatch(r"\+4712\d{6}", phone)
        assert not email or re.fullmatch(r"[a-z.]+\.\d+@example\.(com|no)", email)
        assert re.fullmatch(r"\d{4}", member["zip"])
        assert member["accepts_sms"] in {True, False, "true", "false"}
    assert any(member["zip"].startswith("0") for member in members)
    assert any(not member.get("email") for member in members)


def test_the_three_formats_share_nothing(samples, read_lines, read_members):
    receipts, members = set(), set()
    for ending in FORMATS:
        ids = {line["receipt_id"] for line in read_lines(samples / f"receipts.{ending}")}
        people = {m["member_no"] for m in read_members(samples / f"members.{ending}")}
        assert not ids & receipts
        assert not people & members
        receipts |= ids
        members |= people
    assert 60 <= len(members) <= 100


@pytest.mark.parametrize("name", ["receipts.csv", "receipts_typed.csv", "members.csv"])
def test_faults_stand_where_the_list_says(name, samples):
    rows = list(csv.reader((samples / "dirty" / name).read_text("utf-8").splitlines()))
    faults = list(csv.DictReader((samples / "dirty/faults.csv").read_text("utf-8").splitlines()))
    found = [fault for fault in faults if fault["file"] == name]
    assert len({fault["fault"] for fault in found}) == len(found) >= 3
    width = len(rows[0])
    for fault in found:
        row = rows[int(fault["line"]) - 1]
        assert fault["key"] in row or fault["fault"] in {"no_receipt_id", "no_key"}
        assert (len(row) != width) == (fault["fault"] in {"short_row", "long_row"})


def test_a_fault_is_what_its_name_says(samples):
    rows = list(csv.reader((samples / "dirty/receipts.csv").read_text("utf-8").splitlines()))
    text = (samples / "dirty/faults.csv").read_text("utf-8")
    listed = [f for f in csv.DictReader(text.splitlines()) if f["file"] == "receipts.csv"]
    at = {fault["fault"]: int(fault["line"]) - 1 for fault in listed}
    field = rows[0].index
    assert rows[at["impossible_date"]][field("timestamp")].startswith("2024-02-31")
    assert rows[at["no_store_id"]][field("store_id")] == ""
    first, second = rows[at["two_stores"]], rows[at["two_stores"] + 1]
    assert first[field("receipt_id")] == second[field("receipt_id")]
    assert first[field("store_id")] != second[field("store_id")]
    assert rows[-1][field("receipt_id")] == rows[at["torn_receipt"]][field("receipt_id")]


def test_hostile_files_are_as_described(samples):
    hostile = samples / "hostile"
    assert (hostile / "empty.csv").read_bytes() == b""
    assert (hostile / "header_only.csv").read_bytes().count(b"\n") == 1
    with pytest.raises(UnicodeDecodeError):
        (hostile / "not_utf8.csv").read_text("utf-8")
    with pytest.raises(json.JSONDecodeError):
        json.loads((hostile / "truncated.json").read_text("utf-8"))
    with pytest.raises(ET.ParseError):
        ET.parse(hostile / "truncated.xml")
    assert b'SYSTEM "file:///' in (hostile / "doctype.xml").read_bytes()


def test_the_readme_gives_the_files_facts(samples, read_lines, read_members):
    text = (samples / "README.md").read_text("utf-8")
    for ending in FORMATS:
        lines = read_lines(samples / f"receipts.{ending}")
        gross, vat = (sum(Decimal(line[f]) for line in lines) for f in ("gross_amount", "vat"))
        receipts = len(by_receipt(lines))
        assert f"| receipts.{ending} | {receipts} | {len(lines)} | {gross} | {vat} |" in text
        members = read_members(samples / f"members.{ending}")
        assert f"| members.{ending} | | | | | | | {len(members)} |" in text
