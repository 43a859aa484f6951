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
    "attribute": (RECEIPTS, "  source:", "  sorce:", "unknown word `sorce`; did you mean source? allowed: description, profile, after, source, target, control,", ""),
    "source": (RECEIPTS, "    path:", "    pth:", "unknown word `pth` under source; did you mean path? allowed: path, format, member, encoding, delimiter,", ""),
    "no path": (RECEIPTS, "path: sample_data/receipts.csv", 'delimiter: ";"', "`source.path` is missing", "  source:"),
    "target": (RECEIPTS, "max_receipts", "max_receipt", "unknown word `max_receipt` under target; did you mean max_receipts?", ""),
    "words of the other endpoint": (RECEIPTS, "max_receipts: 400", "max_members: 400", "unknown word `max_members` under target", ""),
    "endpoint": (RECEIPTS, "POST /transactions", "POST /transaction", "`target.endpoint`: the API has no method POST /transaction; did you mean POST /transactions?", ""),
    "both endpoints": (RECEIPTS, "POST /transactions", "[POST /transactions, POST /import]", "`target.endpoint`: must be one of", ""),
    "two endpoints": (RECEIPTS, "    max_receipts", "    endpoint: POST /import\n    max_receipts", "`endpoint` stands twice", "endpoint: POST /import"),
    "no endpoint": (RECEIPTS, "    endpoint: POST /transactions\n", "", "`target.endpoint` is missing", "  target:"),
    "wire name": (RECEIPTS, "Items.Quantity:", "Items.Quantitty:", "no field is called Items.Quantitty; did you mean Items.Quantity? known: Header.StoreId,", ""),
    "wire name lacks": (RECEIPTS, "    Items.Quantity: quantity\n", "", "`mapping`: lacks Items.Quantity", "  mapping:"),
    "mapped": (RECEIPTS, ": quantity", ": {colum: quantity}", "unknown word `colum` under mapping.Items.Quantity; did you mean column? allowed: decimal, thousands, date, time, type, on_error, default, column, extract, lookup, otherwise", ""),
    "column and constant": (RECEIPTS, ": quantity", ": {column: a, constant: b}", "unknown word `constant` under mapping.Items.Quantity; allowed: decimal,", ""),
    "constant no text": (RECEIPTS, ": currency", ": {constant: 1}", "`mapping.Header.Currency.constant`: must be text: put it in quotes", ""),
    "type of a receipt's field": (RECEIPTS, ": quantity", ": {column: quantity, type: text}", "the contract sets its type, leave `type` out", ""),
    "mapped to nothing": (RECEIPTS, ": quantity", ":", "`mapping.Items.Quantity`: Input should be a valid string", ""),
    "mapped to a list": (RECEIPTS, ": quantity", ": [a]", "`mapping.Items.Quantity`: Input", ""),
    "empty column": (RECEIPTS, ": quantity", ': ""', "`mapping.Items.Quantity`: String should have at least 1 character", ""),
    "reserved column": (RECEIPTS, ": quantity", ": _row", "a column cannot be called _row or _fault", ""),
    "tolerance": (RECEIPTS, "amount_tolerance", "amount_tolerence", "did you mean amount_tolerance? allowed: key, amount_tolerance,", ""),
    "tolerance no number": (RECEIPTS, "tolerance: 0.00", "tolerance: much", "`receipts.amount_tolerance`: Input should be a valid decimal", ""),
    "key": (RECEIPTS, "amount_tolerance: 0.00", "key: [Header.Id]", "`receipts.key.0`: Input should be 'Header.StoreId', 'Header.ReceiptId' or", ""),
    "zone": (RECEIPTS, "  receipts:\n", "  receipts:\n    time_zone: Oslo\n", "`receipts.time_zone`: not a time zone such as Europe/Oslo", "time_zone: Oslo"),
    "no whole number": (RECEIPTS, "max_receipts: 400", "max_receipts: many", "`target.max_receipts`: Input should be a valid integer", ""),
    "yes for a number": (RECEIPTS, "max_receipts: 400", "max_receipts: yes", "`target.max_receipts`: Input should be a valid integer", ""),
    "too much in flight": (RECEIPTS, "max_receipts: 400", "in_flight: 100", "`target.in_flight`: Input should be less than or equal to 64", ""),
    "after": (RECEIPTS, "members_xml,", "members_xlm,", "`after`: no feed is called members_xlm; did you mean members_xml? feeds: customers_report,", ""),
    "after no list": (RECEIPTS, "[members_csv, members_xml, members_json]", "members_csv", "`after`: Input should be a valid list", ""),
    "suffix": (RECEIPTS, "receipts.csv", "receipts.dat", "`format` is needed: the path ends in none of .csv, .tsv, .txt, .json,", "  source:"),
    "format": (RECEIPTS, "receipts.csv", "receipts.txt\n    format: cvs", "`source.format`: Input should be 'csv', 'fixed', 'json', 'ndjson', 'xml', 'xlsx' or 'parquet'", "format: cvs"),
    "delimiter": (RECEIPTS, "receipts.csv", "receipts.csv\n    delimiter: é", "`source.delimiter`: one ASCII character", "delimiter: é"),
    "record of a CSV": (RECEIPTS, "receipts.csv", "receipts.csv\n    record: a", "`record` belongs to json and xml, not to csv", "  source:"),
    "no record of an XML": ("receipts_xml", "    record: Receipt\n", "", "an XML source needs `record`", "  source:"),
    "percent": (RECEIPTS, "  receipts:", "  rejects: {max_percent: 200}\n  receipts:", "`rejects.max_percent`: Input should be less than or equal to 100", "rejects: {"),
    "block": (RECEIPTS, "  receipts:", "  rejects: 5\n  receipts:", "`rejects`: must be a block of words: max_percent", "rejects: 5"),
    "tab": (RECEIPTS, "    path:", "\tpath:", "not YAML: found character '\\t'", ""),
    "indent": (RECEIPTS, "    path:", "   path: x\n     path:", "not YAML: mapping values are not allowed here", "     path:"),
    "twice": (RECEIPTS, "    Items.Vat: vat", "    Items.Vat: vat\n    Items.Vat: v2", "`Items.Vat` stands twice", "Items.Vat: v2"),
    "alias": (RECEIPTS, ": quantity", ": *q", "not YAML: found undefined alias 'q'", ""),
    "python": (RECEIPTS, ": quantity", ": !!python/object:os.system {}", "not YAML: could not determine a constructor", ""),
    "envelope": (MEMBERS, "envelope: members", "envelope: my-members", "`target.envelope`: String should match pattern", ""),
    "form": (MEMBERS, "email: email", "email: {frist_of: [a, b]}", "unknown word `frist_of` under mapping.email; did you mean first_of? allowed:", ""),
    "word of another form": (MEMBERS, "email: email", "email: {first_of: [a], at: x}", "unknown word `at` under mapping.email; did you mean", ""),
    "no columns": (MEMBERS, "email: email", "email: {first_of: []}", "`mapping.email.first_of`: List should have at least 1 item", ""),
    "part 0": (MEMBERS, "email: email", 'email: {split: a, at: ";", part: 0}', "`mapping.email.part`: 1 is the first part, -1 the last", ""),
    "pattern": (MEMBERS, "email: email", "email: {column: a, extract: '(x'}", "`mapping.email.extract`: not a pattern: unclosed group", ""),
    "pattern of another engine": (MEMBERS, "email: email", "email: {column: a, extract: '(?=x)(y)'}", "`mapping.email.extract`: not a pattern: look-around", ""),
    "pattern without a group": (MEMBERS, "email: email", "email: {column: a, extract: 'x'}", "`mapping.email.extract`: needs a group", ""),
    "template without a column": (MEMBERS, "email: email", "email: {template: x}", "`mapping.email.template`: names no column", ""),
    "template with a brace": (MEMBERS, "email: email", "email: {template: 'a{b'}", "`mapping.email.template`: a brace stands alone", ""),
    "template of a reserved column": (MEMBERS, "email: email", "email: {template: '{_row}@x'}", "a column cannot be called _row", ""),
    "table with a number": (MEMBERS, "email: email", "email: {column: a, lookup: {01: x}}", "`mapping.email.lookup.1`: must be text: put it in quotes", ""),
    "empty table": (MEMBERS, "email: email", "email: {column: a, lookup: {}}", "`mapping.email.lookup`: an empty table finds nothing", ""),
    "no table": (MEMBERS, "email: email", "email: {column: a, lookup: none.csv}", "`mapping.email.lookup`: there is no file none.csv beside the feed", ""),
    "table elsewhere": (MEMBERS, "email: email", "email: {column: a, lookup: /etc/passwd}", "`mapping.email.lookup`: /etc/passwd lies outside the feed's folder and the project", ""),
    "table far above": (MEMBERS, "email: email", "email: {column: a, lookup: ../../../../../../etc/passwd}", "lies outside the feed's folder", ""),
    "otherwise": (MEMBERS, "email: email", "email: {column: a, otherwise: keep}", "`mapping.email`: `otherwise` belongs to `lookup`", ""),
    "otherwise of a lookup": (MEMBERS, "email: email", "email: {column: a, lookup: {b: c}, otherwise: kep}", "`mapping.email.otherwise`: Input should be 'reject', 'keep' or null", ""),
    "two questions": (MEMBERS, "email: email", "email: {when: {column: a, is: b, empty: true}, then: c}", "`mapping.email.when`: asks one question", ""),
    "no question": (MEMBERS, "email: email", "email: {when: {column: a}, then: c}", "`mapping.email.when`: asks one question", ""),
    "word of a question": (MEMBERS, "email: email", "email: {when: {column: a, iss: b}, then: c}", "unknown word `iss` under mapping.email.when; did you mean is? allowed: column, is, is_not, matches, empty", ""),
    "then": (MEMBERS, "email: email", "email: {when: {column: a, is: b}, then: true}", "`mapping.email.then`: must be text: put it in quotes", ""),
    "a number is": (MEMBERS, "email: email", "email: {when: {column: a, is: [1]}, then: c}", "`mapping.email.when.is.0`: must be text: put it in quotes", ""),
    "function": (MEMBERS, "email: email", "email: {function: norwegian_fone, columns: [a]}", "`mapping.email.function`: no function is called norwegian_fone; did you mean norwegian_phone?", ""),
    "default": (MEMBERS, "email: email", "email: {column: a, on_error: default}", "`mapping.email`: `on_error: default` and `default: text` belong together", ""),
    "errors of a key": (MEMBERS, "externalId: member_no", "externalId: {column: a, on_error: null}", "`mapping`: externalId names the record, so its errors are rejects", "  mapping:"),
    "on an error": (MEMBERS, "email: email", "email: {column: a, on_error: skip}", "`mapping.email.on_error`: Input should be 'reject', 'default' or null", ""),
    "another case": (MEMBERS, "email: email", "eMail: email", "`mapping.eMail`: is no name of the API; did you mean email?", "eMail:"),
    "another case inside": (MEMBERS, "email: email", "consents.acceptsSMS: a", "did you mean consents.acceptsSms?", "consents"),
    "of a receipt": (MEMBERS, "email: email", "Header.StoreId: a", "`mapping.Header.StoreId`: is of receipts, and this feed loads members", "Header"),
    "value and object": (MEMBERS, "email: email", "consents: email", "`mapping.consents`: cannot be a value and an object at once", ""),
    "deep value and object": (MEMBERS, "email: email", "a.b: x\n    a.b.c: y", "`mapping.a.b`: cannot be a value and an object at once", "a.b: x"),
    "objects in a list": (MEMBERS, "email: email", "metaData.a.b: x", "metaData has no objects below its own", ""),
    "values word": (MEMBERS, "  mapping:", "  values: {decmal: ','}\n  mapping:", "unknown word `decmal` under values; did you mean decimal? allowed: decimal, thousands, date, time, true, false, time_zone, repeated_hour, clear", "values:"),
    "decimal": (MEMBERS, "  mapping:", "  values: {decimal: x}\n  mapping:", "`values.decimal`: Input should be '.' or ','", "values:"),
    "same marks": (MEMBERS, "  mapping:", "  values: {thousands: '.'}\n  mapping:", "`values`: `decimal` and `thousands` cannot be the same mark", "values:"),
    "date": (MEMBERS, "  mapping:", "  values: {date: dd.mm.yyyy}\n  mapping:", "`values.date`: iso, excel, epoch, epoch_ms, or a pattern such as %d.%m.%Y of %d", "values:"),
    "directive": (MEMBERS, "  mapping:", "  values: {date: '%d.%m.%G'}\n  mapping:", "`values.date`: iso, excel, epoch, epoch_ms, or a pattern", "values:"),
    "no year": (MEMBERS, "  mapping:", "  values: {date: '%d.%m.'}\n  mapping:", "`values.date`: names no day", "values:"),
    "hour of twelve": (MEMBERS, "  mapping:", "  values: {time: '%d.%m.%Y %I:%M'}\n  mapping:", "`values.time`: a fraction follows a dot (.%f), and %I goes with %p", "values:"),
    "true and false": (MEMBERS, "  mapping:", "  values: {true: [a], false: [A]}\n  mapping:", "`values`: a cannot be true and false at once", "values:"),
    "zone of values": (MEMBERS, "  mapping:", "  values: {time_zone: Oslo}\n  mapping:", "`values.time_zone`: not a time zone such as Europe/Oslo", "values:"),
    "mapping file": (MEMBERS, "  mapping:", "  mapping_file: none.sdl\n  mapping:", "there is no file none.sdl beside the feed", "mapping_file"),
    "kind of a member's field": (MEMBERS, "type: text", "type: txt", "`mapping.zip.type`: Input should be 'text', 'integer', 'number', 'boolean', 'date', 'phone', 'email', 'country', 'zip' or 'list'", ""),
    "no country": (MEMBERS, "  mapping:", "  values: {region: NORGE}\n  mapping:", "`values.region`: not a country such as NO, SE or DK", "region"),
    "list of addresses": (MEMBERS, "email: email", "email: {list: [a, b]}", "`mapping.email`: is one value and no list", "email"),
    "list that is a number": (MEMBERS, "email: email", "marks: {list: [a], type: integer}", "`mapping.marks`: is one value and no list", "marks"),
    "list of a receipt": (RECEIPTS, "Items.ProductName: product_name", "Items.ProductName: {list: [a]}", "`mapping.Items.ProductName`: a receipt holds no such list", "Items.ProductName"),
    "receipts of members": (MEMBERS, "  mapping:", "  receipts: {vat_percent: 8}\n  mapping:", "`receipts`: belongs to POST /transactions, leave it out", "  receipts:"),
    "report word": (REPORT, "rows_page", "row_page", "unknown word `row_page` under report; did you mean rows_page?", ""),
    "report path": (REPORT, "type: customers\n", "type: ../stores\n", "`report.type`: String should match pattern", ""),
    "column type": (REPORT, "birthDate: timestamp", "birthDate: timestmp", "`columns.birthDate`: type 'timestmp' is none of text, integer, decimal(N), number,", ""),
    "column type missing": (REPORT, "points: integer", "points:", "`columns.points`: Input should be a valid string", ""),
    "key of no column": (REPORT, "key: [id]", "key: [idd]", "`key`: `columns` does not name idd", ""),
    "source of a report": (REPORT, "  report:", "  source: {path: a.csv}\n  report:", "unknown word `source`; allowed: columns, required, key", "  source:"),
    "duplicates of receipts": (RECEIPTS, "  mapping:", "  duplicates: {match: []}\n  mapping:", "`duplicates`: belongs to members, receipts have none: leave it out", "duplicates:"),
    "duplicates by nothing": (MEMBERS, "  mapping:", "  duplicates: {match: [[mobilephone]]}\n  mapping:", "`duplicates.match`: mobilephone is not mapped, so nobody is matched by it; mapped: externalId, mobilePhone,", "duplicates:"),
    "duplicates by an empty rule": (MEMBERS, "  mapping:", "  duplicates: {match: [[]]}\n  mapping:", "`duplicates.match.0`: ", "duplicates:"),
    "duplicates by a field twice": (MEMBERS, "  mapping:", "  duplicates: {match: [[email, email]]}\n  mapping:", "`duplicates.match`: names a field twice: email, email", "duplicates:"),
    "duplicates by a rule twice": (MEMBERS, "  mapping:", "  duplicates: {match: [[email, zip], [zip, email]]}\n  mapping:", "`duplicates.match`: has a rule twice: zip, email", "duplicates:"),
    "duplicates: the newest by nothing": (MEMBERS, "  mapping:", "  duplicates: {keep: newest}\n  mapping:", "`duplicates.keep`: `keep: newest` and `newest_by`, the source column of a time, belong together", "duplicates:"),
    "duplicates: a time for nothing": (MEMBERS, "  mapping:", "  duplicates: {newest_by: a}\n  mapping:", "`duplicates.newest_by`: `keep: newest` and", "duplicates:"),
    "duplicates: a word": (MEMBERS, "  mapping:", "  duplicates: {kep: first}\n  mapping:", "unknown word `kep` under duplicates; did you mean keep? allowed: match, keep, newest_by, fill", "duplicates:"),
    "duplicates: who is kept": (MEMBERS, "  mapping:", "  duplicates: {keep: last}\n  mapping:", "`duplicates.keep`: Input should be 'newest', 'most_complete' or 'first'", "duplicates:"),
    "duplicates by what all have": (MEMBERS, "acceptsSms: accepts_sms", 'acceptsSms: {constant: "true"}\n  duplicates: {match: [[consents.acceptsSms]]}', "`duplicates.match`: consents.acceptsSms is the same of all members, so all would be one", "duplicates:"),
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
    "inside itself": (
        "type: pipelines.components.LoadFeedComponent\nattributes: &t {a: *t}\n",
        0,
        "not YAML for a feed",
    ),
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


def beside(folder: Path, name: str, text: str, encoding: str = "utf-8") -> None:
    (folder / name).write_text(text, encoding=encoding)


SDL = r"""#Mapping values
#Thu Mar 07 10:12:09 CET 2024
! another comment
Customer\ No=externalId
E-mail\:\ work : email
  Mobil\=tlf = mobilePhone
Etternavn\u00E5 lastName
Kj\u00F8nn=gender
Points=metaData.points, \
   extendedProperties.points.now
"NO"=country
Unused=
"""


def test_a_salesforce_mapping_is_read(write_feed: Callable[..., Path]) -> None:
    text = (feeds_dir() / MEMBERS / "defs.yaml").read_text()
    own = "  mapping_file: old.sdl\n  mapping: {gender: {column: sex, lookup: {K: Female}}}\n"
    folder = write_feed("feed", text=text.partition("  mapping:")[0] + own)
    beside(folder, "old.sdl", SDL)
    feed = read_yaml(folder / "defs.yaml")
    assert isinstance(feed, LoadFeed)
    plain = {name: mapped for name, mapped in feed.mapping.items() if isinstance(mapped, str)}
    assert plain == {
        "externalId": "Customer No",
        "email": "E-mail: work",
        "mobilePhone": "Mobil=tlf",
        "lastName": "Etternavn\u00e5",
        "metaData.points": "Points",
        "extendedProperties.points.now": "Points",
    }
    assert feed.mapping["country"].constant == "NO"
    assert feed.mapping["gender"].lookup == {"K": "Female"}
    beside(folder, "old.sdl", "M\u00e5l=externalId\n", "iso-8859-1")
    assert read_yaml(folder / "defs.yaml").mapping["externalId"] == "M\u00e5l"


@pytest.mark.parametrize("head", ["source,target\n", "\ufeffsource,target\r\n", "source;target\n"])
def test_a_csv_of_columns_is_read(head: str, write_feed: Callable[..., Path]) -> None:
    folder = write_feed("feed", ("  mapping:", "  mapping_file: m.csv\n  mapping:"), like=MEMBERS)
    sep = ";" if ";" in head else ","
    beside(folder, "m.csv", f'{head}"no{sep}1"{sep}externalId\nnick{sep}nickName\n')
    feed = read_yaml(folder / "defs.yaml")
    assert (feed.mapping["nickName"], feed.mapping["externalId"]) == ("nick", "member_no")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.csv", "a,b\n", "m.csv:1: the columns must be source,target"),
        ("m.csv", "source,target\na,b\na,c\n", "m.csv:3: 'a' stands twice"),
        ("m.csv", "source,target\na,b,c\n", "m.csv:2: needs source and target"),
        ("m.csv", "source,target\n", "m.csv has no rows"),
        ("m.csv", "source,target\na,Header.StoreID\n", ":2: no field is called Header.StoreID; did you mean Header.StoreId?"),
        ("m.sdl", "# c\na=Header.StoreId\nb=Header.StoreId\n", ":3: `Header.StoreId` stands twice"),
        ("m.sdl", "a=header.storeid\n", ":1: no field is called header.storeid; did you mean"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_file_is_told_with_its_line(
    name: str, text: str, said: str, write_feed: Callable[..., Path]
) -> None:
    folder = write_feed("feed", ("  mapping:", f"  mapping_file: {name}\n  mapping:"))
    beside(folder, name, text)
    with pytest.raises(FeedError) as caught:
        read_yaml(folder / "defs.yaml")
    assert said in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("K,Female\n", "sex.csv:1: the columns must be raw,value"),
        ("raw,value\nK,Female\nK,Male\n", "sex.csv:3: 'K' stands twice"),
        ("raw,value\nK\n", "sex.csv:2: needs raw and value"),
        ("raw,value\n,x\n", "sex.csv:2: needs raw and value"),
        ("raw,value\n", "sex.csv has no rows"),
        ("raw,value\nK,\0\n", "sex.csv holds a NUL"),
        ("raw,value\n\udce5,x\n", "sex.csv is not UTF-8: write it anew"),
    ],
)
def test_a_wrong_table_is_told_with_its_line(
    text: str, said: str, write_feed: Callable[..., Path]
) -> None:
    change = ("gender: gender", "gender: {column: sex, lookup: sex.csv}")
    folder = write_feed("feed", change, like=MEMBERS)
    (folder / "sex.csv").write_bytes(text.encode(errors="surrogateescape"))
    error = told(folder / "defs.yaml")
    assert f"`mapping.gender.lookup`: {said}" in str(error)


def test_a_table_may_lie_elsewhere_in_the_project_but_not_be_a_way_out(
    write_feed: Callable[..., Path], tmp_path: Path
) -> None:
    change = ("gender: gender", "gender: {column: sex, lookup: sex.csv}")
    folder = write_feed("feed", change, like=MEMBERS)
    beside(tmp_path, "secret.csv", "raw,value\na,b\n")
    (folder / "sex.csv").symlink_to(tmp_path / "secret.csv")
    assert "lies outside" in str(told(folder / "defs.yaml"))
    (folder / "sex.csv").unlink()
    beside(folder, "sex.csv", "raw,value\nK,Female\nX,\n")
    feed = read_yaml(folder / "defs.yaml")
    assert feed.mapping["gender"].lookup == {"K": "Female", "X": None}


def test_words_of_yaml_that_are_texts_here(write_feed: Callable[..., Path]) -> None:
    change = ("country: country", "country: {constant: NO}")
    values = ("  mapping:", "  values: {true: [yes, on], false: [no]}\n  mapping:")
    feed = read_yaml(write_feed("feed", change, values, like=MEMBERS) / "defs.yaml")
    assert feed.mapping["country"].constant == "NO"
    assert (feed.values.true, feed.values.false) == (["yes", "on"], ["no"])
