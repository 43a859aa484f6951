"""Feeds in YAML: the shipped ones read, and each mistake is one line with its place."""

# ruff: noqa: E501  (a table reads best as lines)

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.files import source
from pipelines.feeds import (
    ExportFeed,
    FeedError,
    ImportTarget,
    LoadFeed,
    TransactionsTarget,
    feeds_dir,
    find_feed,
    list_feeds,
    read_feed,
    words,
)
from pipelines.feeds.reading import read_yaml

SHIPPED = {
    "customers_report": ExportFeed,
    "members_csv": LoadFeed,
    "members_json": LoadFeed,
    "members_xml": LoadFeed,
    "receipts_csv": LoadFeed,
    "receipts_json": LoadFeed,
    "receipts_xml": LoadFeed,
    "transactions_report": ExportFeed,
}
RECEIPTS, MEMBERS, REPORT = "receipts_csv", "members_csv", "customers_report"
TYPE = "type: pipelines.components.LoadFeedComponent\n"

# The feed, what stands there, what is put in its place, then what the error says, and where:
# the line that is changed, or the text of the line that is named instead.
WRONG_WORDS: dict[str, tuple[str, str, str, str, str]] = {
    "top": (RECEIPTS, "attributes:", "attribute:", "unknown word `attribute`; did you mean attributes? allowed: type, attributes", ""),
    "component": (RECEIPTS, "LoadFeedComponent", "LoadFeedComponnent", "`type` must be one of pipelines.components.LoadFeedComponent, pipelines.components.ExportFeedComponent", ""),
    "component as list": (RECEIPTS, TYPE, "type: [a]\n", "`type` must be one of", ""),
    "no component": (RECEIPTS, TYPE, "", "`type` must be one of", "attributes:"),
    "attribute": (RECEIPTS, "  source:", "  sorce:", "unknown word `sorce`; did you mean source? allowed: description, after, source, target, mapping, receipts, rejects", ""),
    "source": (RECEIPTS, "    path:", "    pth:", "unknown word `pth` under source; did you mean path? allowed: path, format, delimiter, record, items, allow_empty", ""),
    "no path": (RECEIPTS, "path: sample_data/receipts.csv", 'delimiter: ";"', "`source.path` is missing", "  source:"),
    "target": (RECEIPTS, "max_receipts", "max_receipt", "unknown word `max_receipt` under target; did you mean max_receipts?", ""),
    "words of the other endpoint": (RECEIPTS, "max_receipts: 400", "max_members: 400", "unknown word `max_members` under target", ""),
    "endpoint": (RECEIPTS, "POST /transactions", "POST /transaction", "must be one of 'POST /transactions', 'POST /import'", ""),
    "both endpoints": (RECEIPTS, "POST /transactions", "[POST /transactions, POST /import]", "`target.endpoint`: must be one of", ""),
    "two endpoints": (RECEIPTS, "    max_receipts", "    endpoint: POST /import\n    max_receipts", "`endpoint` stands twice", "endpoint: POST /import"),
    "no endpoint": (RECEIPTS, "    endpoint: POST /transactions\n", "", "`target.endpoint` is missing", "  target:"),
    "wire name": (RECEIPTS, "Items.Quantity:", "Items.Quantitty:", "no field is called Items.Quantitty; did you mean Items.Quantity? known: Header.StoreId,", ""),
    "wire name lacks": (RECEIPTS, "    Items.Quantity: quantity\n", "", "`mapping`: lacks Items.Quantity", "  mapping:"),
    "mapped": (RECEIPTS, ": quantity", ": {colum: quantity}", "unknown word `colum` under mapping.Items.Quantity; did you mean column? allowed: column, type", ""),
    "column and constant": (RECEIPTS, ": quantity", ": {column: a, constant: b}", "unknown word `constant` under mapping.Items.Quantity; allowed: column, type", ""),
    "constant no text": (RECEIPTS, ": currency", ": {constant: 1}", "`mapping.Header.Currency.constant`: Input should be a valid string", ""),
    "type of a receipt's field": (RECEIPTS, ": quantity", ": {column: quantity, type: text}", "the contract sets its type, leave `type` out", ""),
    "mapped to nothing": (RECEIPTS, ": quantity", ":", "`mapping.Items.Quantity`: Input should be a valid string", ""),
    "mapped to a list": (RECEIPTS, ": quantity", ": [a]", "`mapping.Items.Quantity`: Input", ""),
    "empty column": (RECEIPTS, ": quantity", ': ""', "`mapping.Items.Quantity`: String should have at least 1 character", ""),
    "reserved column": (RECEIPTS, ": quantity", ": _row", "a column cannot be called _row or _fault", ""),
    "tolerance": (RECEIPTS, "amount_tolerance", "amount_tolerence", "did you mean amount_tolerance? allowed: key, amount_tolerance,", ""),
    "tolerance no number": (RECEIPTS, "tolerance: 0.00", "tolerance: much", "`receipts.amount_tolerance`: Input should be a valid decimal", ""),
    "key": (RECEIPTS, "amount_tolerance: 0.00", "key: [Header.Id]", "`receipts.key.0`: Input should be 'Header.StoreId', 'Header.ReceiptId' or", ""),
    "zone": (RECEIPTS, "amount_tolerance: 0.00", "time_zone: Oslo", "`receipts.time_zone`: not a time zone such as Europe/Oslo", ""),
    "no whole number": (RECEIPTS, "max_receipts: 400", "max_receipts: many", "`target.max_receipts`: Input should be a valid integer", ""),
    "yes for a number": (RECEIPTS, "max_receipts: 400", "max_receipts: yes", "`target.max_receipts`: Input should be a valid integer", ""),
    "too much in flight": (RECEIPTS, "max_receipts: 400", "in_flight: 100", "`target.in_flight`: Input should be less than or equal to 64", ""),
    "after": (RECEIPTS, "members_xml,", "members_xlm,", "`after`: no feed is called members_xlm; did you mean members_xml? feeds: customers_report,", ""),
    "after no list": (RECEIPTS, "[members_csv, members_xml, members_json]", "members_csv", "`after`: Input should be a valid list", ""),
    "suffix": (RECEIPTS, "receipts.csv", "receipts.txt", "`format` is needed: the path ends in none of .csv, .json, .ndjson, .jsonl, .xml", "  source:"),
    "format": (RECEIPTS, "receipts.csv", "receipts.txt\n    format: cvs", "`source.format`: Input should be 'csv', 'json', 'ndjson' or 'xml'", "format: cvs"),
    "delimiter": (RECEIPTS, "receipts.csv", "receipts.csv\n    delimiter: é", "`source.delimiter`: one ASCII character", "delimiter: é"),
    "record of a CSV": (RECEIPTS, "receipts.csv", "receipts.csv\n    record: a", "belong to XML and JSON, not to CSV", "  source:"),
    "no record of an XML": ("receipts_xml", "    record: Receipt\n", "", "an XML source needs `record`", "  source:"),
    "percent": (RECEIPTS, "  receipts:", "  rejects: {max_percent: 200}\n  receipts:", "`rejects.max_percent`: Input should be less than or equal to 100", "rejects: {"),
    "block": (RECEIPTS, "  receipts:", "  rejects: 5\n  receipts:", "`rejects`: must be a block of words: max_percent", "rejects: 5"),
    "tab": (RECEIPTS, "    path:", "\tpath:", "not YAML: found character '\\t'", ""),
    "indent": (RECEIPTS, "    path:", "   path: x\n     path:", "not YAML: mapping values are not allowed here", "     path:"),
    "twice": (RECEIPTS, "    Items.Vat: vat", "    Items.Vat: vat\n    Items.Vat: v2", "`Items.Vat` stands twice", "Items.Vat: v2"),
    "alias": (RECEIPTS, ": quantity", ": *q", "not YAML: found undefined alias 'q'", ""),
    "python": (RECEIPTS, ": quantity", ": !!python/object:os.system {}", "not YAML: could not determine a constructor", ""),
    "envelope": (MEMBERS, "envelope: members", "envelope: my-members", "`target.envelope`: String should match pattern", ""),
    "kind of a member's field": (MEMBERS, "type: text", "type: txt", "`mapping.zip.type`: Input should be 'text', 'integer', 'number', 'boolean' or 'date'", ""),
    "receipts of members": (MEMBERS, "  mapping:", "  receipts: {vat_percent: 8}\n  mapping:", "`receipts`: belongs to POST /transactions, leave it out", "  receipts:"),
    "report word": (REPORT, "rows_page", "row_page", "unknown word `row_page` under report; did you mean rows_page?", ""),
    "report path": (REPORT, "type: customers\n", "type: ../stores\n", "`report.type`: String should match pattern", ""),
    "column type": (REPORT, "birthDate: timestamp", "birthDate: timestmp", "`columns.birthDate`: type 'timestmp' is none of text, integer, decimal(N), number,", ""),
    "column type missing": (REPORT, "points: integer", "points:", "`columns.points`: Input should be a valid string", ""),
    "key of no column": (REPORT, "key: [id]", "key: [idd]", "`key`: `columns` does not name idd", ""),
    "source of a report": (REPORT, "  report:", "  source: {path: a.csv}\n  report:", "unknown word `source`; allowed: description, after, report, columns, required, key, keep_versions", "  source:"),
}  # fmt: skip

# Whole files: what they hold, the line that is named, what is said.
WRONG_FILES: dict[str, tuple[str | bytes, int, str]] = {
    "empty": ("", 1, "needs the words type and attributes"),
    "comment": ("# a feed\n", 1, "needs the words type and attributes"),
    "list": ("- type\n- attributes\n", 1, "needs the words type and attributes"),
    "text": ("receipts\n", 1, "needs the words type and attributes"),
    "no attributes": (TYPE, 1, "`source` is missing"),
    "attributes as list": (f"{TYPE}attributes: [a]\n", 2, "`attributes`: must be a block of words"),
    "two documents": (f"{TYPE}---\n{TYPE}", 2, "not YAML: but found another document"),
    "mapping twice": (f"{TYPE}{TYPE}", 2, "`type` stands twice"),
    "not UTF-8": (b"type: \xe5\n", 0, "cannot be read: not UTF-8"),
    "zero byte": (f"{TYPE}\x00", 0, "not YAML: unacceptable character #x0000"),
    "impossible date": (f"{TYPE}attributes: 2020-13-45\n", 0, "not YAML: month must be in 1..12"),
    "too deep": (f"attributes: {'[' * 5000}{']' * 5000}\n", 0, "not YAML: nested too deep"),
    "list as a word": (f"{TYPE}? [a]\n: b\n", 2, "not YAML: found unhashable key"),
}


def told(file: Path) -> FeedError:
    with pytest.raises(FeedError) as caught:
        read_yaml(file)
    assert "\n" not in str(caught.value)
    place = re.match(r"(.+?)(?::(\d+))?: ", str(caught.value))
    assert place is not None
    assert (place[1], int(place[2] or 0)) == (str(file), caught.value.line)
    return caught.value


def test_there_are_enough_mistakes() -> None:
    assert len(WRONG_WORDS) + len(WRONG_FILES) >= 60


@pytest.mark.parametrize("case", WRONG_WORDS)
def test_a_wrong_word_is_told_with_its_line(case: str, write_feed: Callable[..., Path]) -> None:
    like, old, new, said, named = WRONG_WORDS[case]
    file = write_feed("feed", (old, new), like=like) / "defs.yaml"
    error = told(file)
    assert said in str(error)
    assert (named or new.strip()) in file.read_text().splitlines()[error.line - 1]


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_file_is_told(case: str, write_feed: Callable[..., Path]) -> None:
    content, line, said = WRONG_FILES[case]
    file = write_feed("feed", text="a") / "defs.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    error = told(file)
    assert (error.line, said in str(error)) == (line, True), str(error)


def test_a_folder_without_yaml_is_told(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="cannot be read: No such file"):
        find_feed(f"{tmp_path}/")


def test_a_feed_that_is_not_there_is_told_with_the_names_there_are() -> None:
    with pytest.raises(FeedError) as caught:
        find_feed("receipt_csv")
    names = ", ".join(SHIPPED)
    assert str(caught.value) == (
        f"pipelines/defs: no feed is called receipt_csv; did you mean receipts_csv? feeds: {names}"
    )


@pytest.mark.parametrize("name", ["my-feed", "nightly", "a b"])
def test_a_folder_that_dagster_could_not_name_is_told(
    name: str, write_feed: Callable[..., Path]
) -> None:
    with pytest.raises(FeedError, match="letters, digits and _, and not nightly"):
        find_feed(str(write_feed(name)))


def test_the_readers_own_columns_are_the_ones_refused() -> None:
    assert words.RESERVED == source.RESERVED


def test_every_shipped_feed_reads() -> None:
    assert {name: type(read_feed(name)) for name in list_feeds()} == SHIPPED


def test_a_shipped_feed_says_what_its_words_mean() -> None:
    receipts, members = read_feed("receipts_csv"), read_feed("members_xml")
    assert isinstance(receipts, LoadFeed)
    assert isinstance(receipts.target, TransactionsTarget)
    assert (receipts.target.max_receipts, receipts.target.max_bytes) == (400, 4 * 1024 * 1024)
    assert receipts.receipts.amount_tolerance == Decimal(0)
    assert isinstance(members, LoadFeed)
    assert isinstance(members.target, ImportTarget)
    assert members.target.envelope == "members"
    assert members.kinds["zip"] == "text"
    assert members.kinds["consents.acceptsTerms"] == "boolean"


def test_a_copied_folder_is_a_new_feed(write_feed: Callable[..., Path]) -> None:
    folder = write_feed("receipts_north")
    shipped = read_feed("receipts_csv")
    assert find_feed(str(folder)) == ("receipts_north", shipped)
    assert find_feed(f"{folder}/defs.yaml") == ("receipts_north", shipped)


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("", "\ufeff")])
def test_windows_line_ends_and_byte_order_marks_are_no_mistake(
    change: tuple[str, str], write_feed: Callable[..., Path]
) -> None:
    text = (feeds_dir() / RECEIPTS / "defs.yaml").read_text()
    text = text.replace(*change) if change[0] else change[1] + text
    assert find_feed(str(write_feed("feed", text=text)))[1] == read_feed(RECEIPTS)
