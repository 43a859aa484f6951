"""Whole files made ready: what comes in is what goes out, in records and in rejects."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.files import SourceError
from delivery.records import read_records
from pipelines.feeds import LoadFeed, read_feed
from pipelines.loading import RECORDS, REFUSALS, REJECTS, cut, prepare, read_refused

SAMPLES = Path(__file__).parents[2] / "sample_data"
FEEDS = [
    f"{kind}_{ending}" for kind in ("receipts", "members") for ending in ("csv", "json", "xml")
]
HEADER = "store,receipt,time,line,quantity,product,gross\n"
TIME = "2024-01-31T14:50:05"


def feed(**words):
    mapping = {
        "Header.StoreId": "store",
        "Header.ReceiptId": "receipt",
        "Header.TimeStamp": "time",
        "Items.LineNo": "line",
        "Items.Quantity": "quantity",
        "Items.ProductId": "product",
        "Items.GrossAmount": "gross",
    }
    standard = {
        "source": {"path": "a.csv"},
        "target": {"endpoint": "POST /transactions"},
        "mapping": mapping,
    }
    if words.get("target", {}).get("endpoint") != "POST /import":
        standard["receipts"] = {"vat_percent": "25"}
    return LoadFeed.model_validate(standard | words)


@pytest.fixture
def load(tmp_path):
    """Prepare a CSV of these lines; give what is told, the ids sent, and the rejects by row."""

    def prepare_lines(*lines, words=None):
        source = tmp_path / "a.csv"
        source.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        done = prepare(words or feed(), source, tmp_path)
        check_counts(done, tmp_path)
        sent = [(r["Header"]["ReceiptId"], len(r["Items"])) for r in read_sent(tmp_path)]
        return done, sent, {int(r["_source_row"]): r["_error"] for r in read_rejects(tmp_path)}

    return prepare_lines


def line(receipt, number, gross="10.00", quantity="1", store="1"):
    return f"{store},{receipt},{TIME},{number},{quantity},P,{gross}"


def read_rejects(folder):
    if not (folder / REJECTS).exists():
        return []
    with (folder / REJECTS).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_sent(folder):
    return [json.loads(text, parse_float=Decimal)
            for part in read_records(folder / RECORDS) for text in part["json"]]  # fmt: skip


def bodies(words, folder):
    return [batch.body for batch in cut(words, read_records(folder / RECORDS))]


def check_counts(done, folder):
    parts = list(read_records(folder / RECORDS))
    refused = read_refused(folder)
    assert (refused.height, refused["rows"].sum()) == (done.rejected_records, done.rejected_rows)
    assert all(refused["reasons"])
    assert (folder / REFUSALS).stat().st_mode & 0o777 == 0o600
    assert done.records == sum(part.height for part in parts) + done.rejected_records
    assert done.rows == sum(part["rows"].sum() for part in parts) + done.rejected_rows
    assert done.rejected_rows == len(read_rejects(folder))


# --- shipped feeds on the sample files -----------------------------------------------------------


@pytest.mark.parametrize("name", FEEDS)
def test_the_samples_hold_no_fault(name, tmp_path):
    words = read_feed(name)
    done = prepare(words, SAMPLES.parent / words.source.path, tmp_path)
    assert done.records > 20
    assert (done.rejected_records, done.rejected_rows, done.reasons) == (0, 0, {})
    assert not (tmp_path / REJECTS).exists()
    check_counts(done, tmp_path)
    if name.startswith("receipts"):
        items = [i for r in read_sent(tmp_path) for i in r["Items"]]
        signed = (-i["GrossAmount"] if i["Quantity"] < 0 else i["GrossAmount"] for i in items)
        assert Decimal(done.totals["gross"]) == sum(signed)


# Odd, but sent: the first is only a warning, the second is what a deposit paid back looks like.
ODD = {"net_wrong"}
DIRTY = [("receipts_csv", "receipts.csv"), ("members_csv", "members.csv")]


@pytest.mark.parametrize(("name", "file"), DIRTY)
def test_every_listed_fault_is_rejected_where_it_stands(name, file, tmp_path):
    source = SAMPLES / "dirty" / file
    done = prepare(read_feed(name), source, tmp_path)
    check_counts(done, tmp_path)
    with (SAMPLES / "dirty" / "faults.csv").open(newline="", encoding="utf-8") as listed:
        faults = [fault for fault in csv.DictReader(listed) if fault["file"] == file]
    faults = [fault for fault in faults if fault["fault"] not in ODD]
    rejects = read_rejects(tmp_path)
    rows = {int(reject["_source_row"]): reject for reject in rejects}
    assert not [fault for fault in faults if int(fault["line"]) not in rows]
    with source.open(newline="", encoding="utf-8") as lines:
        raw = dict(enumerate(csv.DictReader(lines), 2))
    for number, reject in rows.items():
        assert reject["_error"]
        assert reject["_source_file"] == str(source)
        unread = reject["_error"].startswith("expected")
        cells = {k: v.removeprefix("'") for k, v in reject.items()}  # the mark of +47…
        assert all(cells[k] == ("" if unread else v) for k, v in raw[number].items() if k)
    key = "ReceiptId" if name == "receipts_csv" else "externalId"
    sent = {str((r.get("Header") or r).get(key)) for r in read_sent(tmp_path)}
    assert not sent & {fault["key"] for fault in faults}
    assert sum(done.reasons.values()) >= len(faults)


# --- receipts at odds with each other ------------------------------------------------------------


def test_reasons_are_counted_and_rejected_rows_stand_in_the_csv(load, tmp_path):
    done, sent, errors = load(
        line(1, 1),
        line(2, 1),
        line(2, "x", "y"),
        line(3, 1, quantity="-1"),
        "short,row",
        line(5, 1),
    )
    assert sent == [("1", 1)]
    assert (done.rows, done.records, done.rejected_rows, done.rejected_records) == (6, 5, 5, 4)
    assert done.totals == {"gross": "10.00"}
    assert done.reasons == {
        "Items.LineNo: not-an-integer": 1,
        "Items.GrossAmount: not-a-number": 1,
        "Header.ReceiptId: may-lack-a-line": 2,
        "row: not-readable": 1,
    }
    assert list(errors) == [3, 4, 5, 6, 7]
    assert errors[4].count(" | ") == 1
    assert errors[6] == "expected 7 fields, found 2: short,row"
    assert (tmp_path / REJECTS).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / RECORDS).stat().st_mode & 0o777 == 0o600


def test_a_receipt_whose_lines_are_apart_is_rejected_whole(load):
    done, sent, errors = load(line(1, 1), line(1, 2), line(2, 1), line(1, 3), line(3, 1))
    assert sent == [("2", 1), ("3", 1)]
    assert list(errors) == [2, 3, 5]
    assert all("stands in the file more than once, first at row 2" in e for e in errors.values())
    assert (done.rejected_records, done.totals) == (2, {"gross": "20.00"})
    assert done.reasons == {"Header.ReceiptId: repeats": 2}


@pytest.mark.parametrize("torn", [0, 1])
def test_a_receipt_whose_lines_are_apart_is_not_sent_in_part(load, torn):
    parts = [[line(1, 1), line(1, "x")], [line(1, 3)]]
    first, last = parts[torn], parts[1 - torn]
    done, sent, errors = load(*first, line(2, 1), *last)
    assert sent == [("2", 1)]
    assert sorted(errors) == ([2, 3, 5] if torn == 0 else [2, 4, 5])
    assert done.rejected_records == 2
    assert done.totals == {"gross": "10.00"}


def test_of_a_receipt_that_stands_there_twice_the_first_is_sent(load):
    done, sent, errors = load(line(1, 1), line(1, 2), line(2, 1), line(1, 1), line(1, 2))
    assert sent == [("1", 2), ("2", 1)]
    assert list(errors) == [5, 6]
    assert done.totals == {"gross": "30.00"}


def test_a_return_and_another_stores_receipt_may_share_an_id(load):
    words = feed(receipts={"vat_percent": "25", "key": ["Header.StoreId", "Header.ReceiptId"]})
    done, sent, errors = load(
        line(1, 1), line(1, 1, store="2"), line(2, 1), line(1, 1, quantity="-1"), words=words
    )
    assert sent == [("1", 1), ("1", 1), ("2", 1), ("1", 1)]
    assert not errors
    assert done.totals == {"gross": "20.00"}


def test_nested_receipts_that_repeat_are_rejected_by_record(tmp_path):
    source = tmp_path / "a.json"
    rest = {"time": TIME, "store": "1"}
    items = [{"line": n, "quantity": 1, "product": "P", "gross": 2.5} for n in (1, 2)]
    receipts = [
        {"receipt": "1", "items": items, **rest},
        {"receipt": "2", "items": items, **rest},
        {"receipt": "1", "items": items[:1], **rest},
        {"receipt": "3", "items": [], **rest},
    ]
    source.write_text(json.dumps(receipts), encoding="utf-8")
    inside = ("line", "quantity", "product", "gross")
    mapping = {k: f"items.{v}" if v in inside else v for k, v in feed().mapping.items()}
    words = feed(source={"path": "a.json", "items": "items"}, mapping=mapping)
    done = prepare(words, source, tmp_path)
    check_counts(done, tmp_path)
    assert [r["Header"]["ReceiptId"] for r in read_sent(tmp_path)] == ["2"]
    assert [r["_source_row"] for r in read_rejects(tmp_path)] == ["4", "1", "1", "3"]
    assert done.totals == {"gross": "5.00"}


def test_an_xml_of_receipts(tmp_path):
    source = tmp_path / "a.xml"
    item = (
        "<I><line>{}</line><quantity>1</quantity><product>P &amp; Q</product><gross>{}</gross></I>"
    )
    receipt = "<R><store>1</store><receipt>{}</receipt><time>" + TIME + "</time>{}</R>"
    good = receipt.format(1, item.format(1, "1.10") + item.format(2, "2.20"))
    bad = receipt.format(2, item.format(1, "1,10") + item.format(1, "2.20"))
    source.write_text(f"<Rs>{good}{bad}</Rs>", encoding="utf-8")
    inside = ("line", "quantity", "product", "gross")
    mapping = {k: f"I.{v}" if v in inside else v for k, v in feed().mapping.items()}
    words = feed(source={"path": "a.xml", "record": "R", "items": "I"}, mapping=mapping)
    done = prepare(words, source, tmp_path)
    check_counts(done, tmp_path)
    (sent,) = read_sent(tmp_path)
    assert sent["Header"]["GrossAmount"] == Decimal("3.3")
    assert sent["Items"][0]["ProductId"] == "P & Q"
    assert [r["_source_row"] for r in read_rejects(tmp_path)] == ["2", "2"]


# --- members, nothing, and sending ---------------------------------------------------------------


def test_a_file_of_members(tmp_path):
    source = tmp_path / "m.csv"
    source.write_text("no,mail,bonus\n1,a@example.com,\n2,a@,7\n,,8\n1,a@example.com,\n", "utf-8")
    words = feed(
        source={"path": "m.csv"},
        target={"endpoint": "POST /import", "envelope": "people", "max_members": 1},
        mapping={"externalId": "no", "email": "mail", "metaData.bonus": "bonus"},
    )
    done = prepare(words, source, tmp_path)
    check_counts(done, tmp_path)
    assert done.totals == {}
    assert [r["_source_row"] for r in read_rejects(tmp_path)] == ["3", "4", "5"]
    assert read_rejects(tmp_path)[2]["_error"] == (
        "the member stands in the file more than once, first at row 2; keep the row that is right"
    )
    member = b'{"externalId":"1","email":"a@example.com"}'
    assert bodies(words, tmp_path) == [b'{"people":[' + member + b"]}"]


def test_of_a_member_told_in_two_ways_neither_is_sent(tmp_path):
    source = tmp_path / "m.csv"
    source.write_text("no,mail\n1,a@example.com\n2,b@example.com\n1,c@example.com\n", "utf-8")
    words = feed(
        source={"path": "m.csv"},
        target={"endpoint": "POST /import"},
        mapping={"externalId": "no", "email": "mail"},
    )
    done = prepare(words, source, tmp_path)
    check_counts(done, tmp_path)
    assert [r["externalId"] for r in read_sent(tmp_path)] == ["2"]
    assert [r["_source_row"] for r in read_rejects(tmp_path)] == ["2", "4"]
    assert done.reasons == {"member: repeats": 2}


def test_a_source_without_records(load, tmp_path):
    with pytest.raises(SourceError, match=r"a\.csv: no records .*; .*allow_empty: true"):
        load()
    words = feed(source={"path": "a.csv", "allow_empty": True})
    done, *_ = load(words=words)
    assert (done.rows, done.records, done.rejected_percent) == (0, 0, 0.0)
    assert bodies(words, tmp_path) == []


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(SourceError, match="none"):
        prepare(feed(), tmp_path / "none.csv", tmp_path)


def test_a_second_run_in_the_same_folder_starts_anew(load):
    load(line(1, 1), line(2, "x"))
    done, sent, errors = load(line(3, 1))
    assert sent == [("3", 1)]
    assert not errors
    assert done.rows == 1


def test_what_is_prepared_is_cut_into_the_feeds_batches(load, tmp_path):
    target = {"endpoint": "POST /transactions", "max_receipts": 3, "max_lines": 4}
    words = feed(target=target)
    load(*(line(r, n) for r in range(10) for n in (1, 2)), words=words)
    batches = list(cut(words, read_records(tmp_path / RECORDS)))
    assert [(b.number, b.records, b.rows) for b in batches] == [(n, 2, 4) for n in range(1, 6)]
    cut_up = [json.loads(batch.body)["ReceiptRequests"] for batch in batches]
    assert [r["Header"]["ReceiptId"] for part in cut_up for r in part] == [*map(str, range(10))]


def test_what_is_prepared_again_is_the_same_to_the_byte(load, tmp_path):
    lines = [line(r, n) for r in range(30) for n in (1, 2)]
    load(*lines)
    first = (tmp_path / RECORDS).read_bytes()
    load(*lines)
    assert (tmp_path / RECORDS).read_bytes() == first
