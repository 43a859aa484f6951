"""Loads of folders, archives and packed files: rejects and outcomes name the file and the line."""

import csv
import gzip
import zipfile

import polars as pl
import pytest

from connectors.files import ROW_BITS, SourceError
from delivery.ledger import Fate
from delivery.outcomes import Facts, tell_outcomes
from delivery.records import read_records
from pipelines.feeds import LoadFeed
from pipelines.loading import RECORDS, REJECTS, forget_records, prepare, read_refused
from pipelines.runs import Summary
from pipelines.sourcing import bring, find_brought, is_part, read_labels, resolve_source
from pipelines.writing_back import OUTCOMES, UNSENT, write_back

TIME = "2024-01-31T14:50:05"
HEADER = "store,receipt,time,line,quantity,product,gross\n"


def line(receipt, number=1, gross="10.00"):
    return f"1,{receipt},{TIME},{number},1,P,{gross}\n"


def feed(**source):
    mapping = {
        "Header.StoreId": "store",
        "Header.ReceiptId": "receipt",
        "Header.TimeStamp": "time",
        "Items.LineNo": "line",
        "Items.Quantity": "quantity",
        "Items.ProductId": "product",
        "Items.GrossAmount": "gross",
    }
    return LoadFeed.model_validate(
        {
            "source": {"path": "in", "format": "csv", **source},
            "target": {"endpoint": "POST /transactions"},
            "mapping": mapping,
            "receipts": {"vat_percent": "25"},
        }
    )


@pytest.fixture
def source(tmp_path):
    """A plain file, a packed one and an archive; a receipt goes from the first into the next."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(HEADER + line(1) + line(2, gross="ten") + line(3))
    (folder / "b.csv.gz").write_bytes(
        gzip.compress((HEADER + line(3, 2) + line(4, gross="x") + line(5)).encode())
    )
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        archive.writestr("x/1.csv", HEADER + line(6) + line(1, gross="12.00"))
    return folder


def read_rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_rejects_name_the_file_and_the_line(source, tmp_path):
    done = prepare(feed(), source, tmp_path, "r1")
    assert (done.rows, done.records, done.rejected_records) == (8, 7, 4)
    told = [
        (row["_source_file"], row["_source_row"], row["_source_place"], row["receipt"])
        for row in read_rows(tmp_path / REJECTS)
    ]
    assert told == [
        (f"{source}/a.csv", "3", "line 3", "2"),
        (f"{source}/b.csv.gz", "3", "line 3", "4"),
        (f"{source}/a.csv", "2", "line 2", "1"),
        (f"{source}/c.zip!x/1.csv", "3", "line 3", "1"),
    ]
    why = read_rows(tmp_path / REJECTS)[3]["_error"]
    assert f"more than once, first at row 2 of {source}/a.csv; its rows" in why
    records = pl.concat(read_records(tmp_path / RECORDS))
    spread = records.row(0, named=True)
    assert (spread["row"], spread["last_row"], spread["rows"]) == (4, (1 << ROW_BITS) + 2, 2)


def facts(folder, source, fate):
    count = sum(records.height for records in read_records(folder / RECORDS))
    fates = pl.repeat(fate, count, dtype=pl.UInt8, eager=True)
    labels = read_labels(folder, str(source))
    return Facts(labels, folder / RECORDS, read_refused(folder), fates, [], "hold")


def test_outcomes_name_them_too_and_what_was_not_sent_is_written_back(source, tmp_path):
    done = prepare(feed(), source, tmp_path, "r1")
    told = pl.concat(tell_outcomes(facts(tmp_path, source, Fate.NEW)))
    assert told.select("file", "row", "last_row").rows() == [
        (f"{source}/a.csv", 3, 3),
        (f"{source}/b.csv.gz", 3, 3),
        (f"{source}/a.csv", 2, 2),
        (f"{source}/c.zip!x/1.csv", 3, 3),
        (f"{source}/a.csv", 4, 2),
        (f"{source}/b.csv.gz", 4, 4),
        (f"{source}/c.zip!x/1.csv", 2, 2),
    ]
    told.write_parquet(tmp_path / OUTCOMES)
    summary = Summary(
        "r1", "f", "load", source=str(source), rejects_size=done.rejects_size,
        rejects_end=done.rejects_size, source_stamp=(done.stamp.size, done.stamp.mtime_ns),
    )  # fmt: skip
    assert write_back(feed(), summary, tmp_path).warnings == []
    unsent = [
        (row["_source_file"].removeprefix(f"{source}/"), row["_source_row"], row["receipt"])
        for row in read_rows(tmp_path / UNSENT)
    ]
    assert unsent == [
        ("a.csv", "4", "3"), ("b.csv.gz", "2", "3"), ("b.csv.gz", "4", "5"),
        ("c.zip!x/1.csv", "2", "6"),
    ]  # fmt: skip
    assert len(read_rows(tmp_path / REJECTS)) == 4
    again = prepare(feed(), tmp_path / UNSENT, tmp_path / "in", "r2")
    assert (again.rows, again.records, again.rejected_records) == (4, 3, 0)


def test_the_names_are_forgotten_with_the_records(source, tmp_path):
    prepare(feed(), source, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    forget_records(tmp_path)
    gone = names - {path.name for path in tmp_path.iterdir()}
    assert gone == {"files.json", "records.arrow", "refused.arrow"}


def test_a_file_more_is_another_source(source, tmp_path):
    done = prepare(feed(), source, tmp_path)
    pl.concat(tell_outcomes(facts(tmp_path, source, Fate.NEW))).write_parquet(tmp_path / OUTCOMES)
    (source / "d.csv").write_text(HEADER)
    summary = Summary(
        "r1", "f", "load", source=str(source), rejects_size=done.rejects_size,
        rejects_end=done.rejects_size, source_stamp=(done.stamp.size, done.stamp.mtime_ns),
    )  # fmt: skip
    (warning,) = write_back(feed(), summary, tmp_path).warnings
    assert "the file is not what it was" in warning


@pytest.mark.parametrize(
    ("label", "source", "whether"),
    [
        ("/in/a.csv", "/in/a.csv", True),
        ("/in/a.csv", "/in", True),
        ("/in/a.csv", "/i", False),
        ("/in/a.zip!x/b.csv", "/in/a.zip", True),
        ("/in/a.zip!x/b.csv", "/in/*.zip", True),
        ("/in/a.csv", "/in/b*", False),
        ("sftp://host/a.csv", "sftp://me@host/*.csv", True),
        ("/in/a[1].csv", "/in/a[1].csv", True),
    ],
)
def test_the_source_of_a_reject_is_known_by_the_name_of_its_file(label, source, whether):
    assert is_part(label, source) == whether


# --- URLs ----------------------------------------------------------------------------------------


def test_a_url_is_no_path_and_keeps_no_password(tmp_path):
    assert resolve_source("s3://bucket/in/*.csv") == "s3://bucket/in/*.csv"
    assert resolve_source("sftp://me:secret@host/a") == "sftp://me:***@host/a"
    assert resolve_source(str(tmp_path / "x" / ".." / "a")) == str(tmp_path / "a")
    with pytest.raises(SourceError, match="the URL holds a password"):
        bring("sftp://me:***@host/a", tmp_path, feed().source.limits)


def test_a_copy_is_found_again_and_told_as_what_it_is(source, tmp_path):
    url = "sftp://me@host/out/in/a.csv"
    copies = tmp_path / "fetched"
    copies.mkdir()
    (copies / "a.csv").write_bytes((source / "a.csv").read_bytes())
    path = find_brought(url, tmp_path)
    assert path == copies / "a.csv"
    prepare(feed(), path, tmp_path, "r1", told_as=url)
    assert read_rows(tmp_path / REJECTS)[0]["_source_file"] == "sftp://host/out/in/a.csv"
    assert read_labels(tmp_path, url) == ["sftp://host/out/in/a.csv"]
    pattern = "sftp://host/out/in/*.csv"
    assert find_brought(pattern, tmp_path) == copies
    prepare(feed(), copies, tmp_path, "r1", told_as=pattern)
    assert read_labels(tmp_path, pattern) == ["sftp://host/out/in/a.csv"]
    forget_records(tmp_path)
    assert not copies.exists()
