"""Rejected rows on their whole way: refused, written, mended by a person, and shaped again."""

import json
from dataclasses import asdict, replace

import polars as pl
import pytest

from connectors.files import FileSource, read, read_dialect
from delivery.rejects import RejectWriter
from pipelines.feeds import LoadFeed
from pipelines.shaping import make_shaper, source_columns, whole_records

TIME = "2024-01-31T14:50:05"


def feed(**source):
    inner = "items." if "items" in source else ""
    mapping = {
        "Header.StoreId": "store",
        "Header.ReceiptId": "receipt",
        "Header.TimeStamp": "time",
        "Items.LineNo": f"{inner}line",
        "Items.Quantity": f"{inner}quantity",
        "Items.ProductId": f"{inner}product",
        "Items.GrossAmount": f"{inner}gross",
    }
    return LoadFeed.model_validate(
        {
            "source": source,
            "target": {"endpoint": "POST /transactions"},
            "mapping": mapping,
            "receipts": {"vat_percent": "25"},
        }
    )


def shape(words, source, writer=None):
    """Shape a file; write every refused row with its reasons."""
    shaper, records, refused = make_shaper(words), [], []
    for frame in whole_records(read(source), words):
        shaped = shaper(frame)
        records.append(shaped.records)
        refused.append(shaped.refused)
        why = shaped.reasons.sort("index").group_by("index", maintain_order=True)
        why = why.agg(pl.col("text").str.join(" | "))
        if writer:
            writer.write(frame[why["index"]], why["text"])
    return pl.concat(records), pl.concat(refused)


@pytest.fixture
def reject(tmp_path):
    """Shape a source; give its records, those refused, and the file of rejects as a source."""

    def write_and_shape(words, text):
        path, rejects = tmp_path / words.source.path, tmp_path / "rejects.csv"
        path.write_bytes(text.encode())
        kind, columns = words.source.kind, source_columns(words)
        source = FileSource(path, kind, columns, items=words.source.items, delimiter=";")
        writer = RejectWriter(rejects, str(path), "r1", **asdict(read_dialect(source)))
        records, refused = shape(words, source, writer)
        return records, refused, replace(source, path=rejects, mended=True)

    return write_and_shape


LINES = [
    "\ufeffnote;store;receipt;time;line;quantity;product;gross",
    f"@x;1;=1;{TIME};1;1;P;1.0",
    f";1;=1;{TIME};2;1;'Q;ten",
    f";1;2;{TIME};1;1;P;10",
    "torn;1",
    f"'y;1;3;{TIME};1;1;P;10",
    f";1;4;{TIME};1;1;P;10",
]


def test_a_csv_that_is_not_mended_is_refused_again_for_the_same_reasons(reject):
    words = feed(path="a.csv", delimiter=";")
    records, refused, rejects = reject(words, "\r\n".join(LINES) + "\r\n")
    assert records["key"].to_list() == ["1\x1f4\x1fPURCHASE"]
    names = [f"1\x1f{number}\x1fPURCHASE" for number in ("=1", "2", "3")]
    assert refused["key"].to_list() == [*names[:2], "", names[2]]
    text = rejects.path.read_bytes().decode()
    assert text.startswith(f"{LINES[0]};_source_file;")
    assert text.count("\r\n") == text.count("\n") == 6
    again, still = shape(words, rejects)
    assert again.is_empty()
    assert still.select("key", "rows").equals(refused.select("key", "rows"))
    named = pl.col("key") != ""
    assert still.filter(named)["reasons"].equals(refused.filter(named)["reasons"])
    assert still["reasons"][2] == (
        "not mended, fill in its columns from _raw or delete the row: torn;1"
    )


def test_a_csv_once_mended_is_sent_with_the_texts_of_the_source(reject):
    words = feed(path="a.csv", delimiter=";")
    *_, rejects = reject(words, "\r\n".join(LINES) + "\r\n")
    lines = rejects.path.read_bytes().decode().replace(";ten;", ";10;").split("\r\n")
    rejects.path.write_bytes("\r\n".join(x for x in lines if "torn" not in x).encode())
    records, refused = shape(words, rejects)
    assert refused.is_empty()
    sent = [json.loads(text) for text in records["json"]]
    assert [receipt["Header"]["ReceiptId"] for receipt in sent] == ["=1", "2", "3"]
    assert [item["ProductId"] for item in sent[0]["Items"]] == ["P", "'Q"]
    assert records["amount"].to_list() == [110_000, 100_000, 100_000]


def test_receipts_of_a_nested_source_stay_whole(reject):
    words = feed(path="a.json", items="items")
    items = [{"line": n, "quantity": 1, "product": "P", "gross": n} for n in (1, 2)]
    receipts = [
        {"store": "1", "receipt": receipt, "time": time, "items": items}
        for receipt, time in (("1", TIME), ("2", "soon"), ("3", "later"), ("3", "never"))
    ]
    records, refused, rejects = reject(words, json.dumps([*receipts, "torn"]))
    assert (records.height, refused["rows"].to_list()) == (1, [2, 2, 2, 1])
    again, still = shape(words, rejects)
    assert again.is_empty()
    assert still.select("key", "rows").equals(refused.select("key", "rows"))
    rejects.path.write_text(rejects.path.read_text().replace(",soon,", f",{TIME},"))
    again, still = shape(words, rejects)
    assert (again["rows"].to_list(), still["rows"].to_list()) == ([2], [2, 2, 1])
