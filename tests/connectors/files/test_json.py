import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import SourceError

COLUMNS = "store header.time items.no items.name"
PLAIN = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
TEXT = st.text(PLAIN, max_size=5) | st.sampled_from(
    ["},{", '"', "]", "[{", "\\", "\u2028", "🙂", "\n"]
)
VALUE = st.none() | TEXT
ITEM = st.fixed_dictionaries({}, optional={"no": VALUE, "name": VALUE, "other": st.lists(TEXT)})
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers(),
        "store": VALUE,
        "header": st.none() | st.fixed_dictionaries({}, optional={"time": VALUE}),
        "items": st.none() | st.lists(st.none() | ITEM, max_size=4),
        "more": st.lists(st.dictionaries(TEXT, TEXT, max_size=2), max_size=2),
    },
)


def flat(records):
    """The rows that records stand for."""
    for row, record in enumerate(records, 1):
        head = (row, record.get("store"), (record.get("header") or {}).get("time"))
        for item in record.get("items") or [{}]:
            yield (*head, (item or {}).get("no"), (item or {}).get("name"))


@settings(max_examples=30, deadline=None)
@given(
    records=st.lists(RECORD, max_size=6),
    style=st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 1}]),
    ascii_=st.booleans(),
    block=st.integers(1, 80),
)
def test_an_array_comes_back_as_it_was_written(desk, records, style, ascii_, block):
    text = json.dumps(records, ensure_ascii=ascii_, **style)
    want = list(flat(records))
    assert desk.rows(text, "json", COLUMNS, items="items", block=block) == want
    assert desk.rows(f" {text}\r\n", "json", COLUMNS, items="items") == want


@settings(max_examples=30, deadline=None)
@given(
    records=st.lists(RECORD, min_size=1, max_size=6),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.sampled_from(["", "\n"]),
    block=st.integers(1, 80),
)
def test_lines_come_back_as_they_were_written(desk, records, end, last, block):
    text = end.join(json.dumps(record) for record in records) + last
    want = list(flat(records))
    assert desk.rows(text, "ndjson", COLUMNS, items="items", block=block) == want
    assert desk.rows(text, "ndjson", COLUMNS, items="items") == want


@settings(max_examples=30, deadline=None)
@given(
    number=st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.decimals(-(10**9), 10**9, places=3).map(str)
    | st.sampled_from(["-0", "-0.0", "0.00", "1E5", "1e-7", "2.50", "9007199254740993"])
)
def test_a_number_has_the_same_text_whoever_reads_it(desk, number):
    good = f'[{{"a":{number}}}]'
    beside_a_fault = f'[{{"a":{number}}},{{"a":{{}}}}]'
    ((_, text),) = desk.rows(good, "json", "a")
    assert desk.rows(beside_a_fault, "json", "a")[0] == (1, text, None)
    assert float(text) == float(number)


@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_values_become_their_shortest_text(desk, format_):
    text = '{"a":12.50,"b":true,"c":false,"d":12345678901234567890123,"e":"007"}'
    text = f"[{text}]" if format_ == "json" else text
    want = (1, "12.5", "true", "false", "12345678901234567890123", "007")
    assert desk.rows(text, format_, "a b c d e") == [want]


FAULTS = [
    ('{"a":{}}', "a: expected a text, found an object"),
    ('{"a":[[1]]}', "a: expected a text, found an array of arrays"),
    ('{"a":[{"b":1}]}', "a: expected a text, found an array of objects"),
    ('{"g":"x"}', "g: expected an object, found a text"),
    ('{"i":{}}', "i: expected an array, found an object"),
    ('{"i":7}', "i: expected an array, found a number"),
    ('{"i":[{},7]}', "i: expected objects, found a number (the 2. of them)"),
    ('{"i":[{"n":{}}]}', "i.n: expected a text, found an object"),
    ('{"a":NaN}', "NaN is not a JSON number"),
    ('{"a":-Infinity}', "-Infinity is not a JSON number"),
    ('{"a":1e999}', "a number is beyond the range of a 64-bit float"),
    (r'{"a":"\ud800"}', "a: a lone surrogate escape is no character"),
    (r'{"a":"\udc00x"}', "a: a lone surrogate escape is no character"),
    (r'{"a":"\u0000"}', "a: holds a NUL, which no text may"),
    ('{"a":"' + "\x01" + '"}', "a control character in a text (character 7)"),
    ('{"a":1,"a":2}', "names 'a' twice"),
    ('{"i":[{"n":1,"m":2,"n":1}]}', "names 'n' twice"),
    ('{"other":{"b" :1,"b" : null}}', "names 'b' twice"),
    ('{"a":"x","other":' + '{"b":' * 80 + "1" + "}" * 81, "nested more than 64 deep"),
    ("null", "not a JSON object: null"),
    ("[]", "not a JSON object: an array"),
    ("7", "not a JSON object: a number"),
]


@pytest.mark.parametrize("block", [0, 5])
@pytest.mark.parametrize("format_", ["json", "ndjson"])
@pytest.mark.parametrize(("record", "why"), FAULTS)
def test_a_record_of_another_shape_is_a_fault_of_its_own(desk, record, why, format_, block):
    lines = ['{"a":"1"}', record, '{"a":"2","i":[{"n":3}]}']
    text = "\n".join(lines) if format_ == "ndjson" else f"[{','.join(lines)}]"
    record = record if len(record) <= 500 else f"{record[:500]}…"
    assert desk.rows(text, format_, "a g.h i.n", items="i", block=block) == [
        (1, "1", None, None, None),
        (2, None, None, None, f"{why}: {record}"),
        (3, "2", None, "3", None),
    ]


@pytest.mark.parametrize("block", [0, 5])
@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"a":1', "Expecting ',' delimiter (character 7)"),
        ("hello", "Expecting value (character 1)"),
        ('{"a":1} {"a":2}', "more behind its end"),
        ('{"a":1},{"a":2}', "more behind its end"),
        ('{"a":"' + "\x01", "Unterminated string starting at (character 6)"),
    ],
)
def test_a_line_that_is_no_object_is_a_fault_and_the_rest_goes_on(desk, line, why, block):
    text = f'{{"a":1}}\n{line}\n\n{{"a":2}}\n'
    raw = line if len(line) <= 500 else f"{line[:500]}…"
    assert desk.rows(text, "ndjson", "a", block=block) == [
        (1, "1", None),
        (2, None, f"not a JSON object: {why}: {raw}"),
        (4, "2", None),
    ]


@pytest.mark.parametrize("block", [0, 2])
def test_a_line_of_what_json_takes_for_no_blank_is_a_fault(desk, block):
    rows = desk.rows('{"a":1}\n \x0b\n\t\r\n{"a":2}\n', "ndjson", "a", block=block)
    assert [row[:2] for row in rows] == [(1, "1"), (2, None), (4, "2")]
    assert rows[1][2].startswith("not a JSON object: Expecting value (character 2)")


def test_an_object_over_two_lines_is_two_faults(desk):
    rows = desk.rows('{"a":1\n"b":2}\n', "ndjson", "a")
    assert [(row, value) for row, value, _ in rows] == [(1, None), (2, None)]


def test_items_that_begin_like_records_do_not_mislead(desk):
    record = '{"id":1,"items":[{"id":2},{"id":3}]}'
    text = f"[{','.join([record] * 4000)}]"
    rows = desk.rows(text, "json", "id items.id", items="items", block=4096)
    assert rows == [row for n in range(1, 4001) for row in ((n, "1", "2"), (n, "1", "3"))]


def test_a_record_longer_than_many_blocks(desk):
    items = [{"n": str(n)} for n in range(5000)]
    text = json.dumps([{"a": "x", "i": items}, {"a": "y"}])
    rows = desk.rows(text, "json", "a i.n", items="i", block=512)
    assert rows == [*((1, "x", str(n)) for n in range(5000)), (2, "y", None)]


@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_a_record_as_deep_as_you_like_is_a_fault_of_its_own(desk, format_):
    deep = '{"b":' + "[" * 200_000 + "]" * 200_000 + "}"
    lines = ['{"a":1}', deep, '{"a":2}']
    text = "\n".join(lines) if format_ == "ndjson" else f"[{','.join(lines)}]"
    (_, first, _), (_, none, why), (_, last, _) = desk.rows(text, format_, "a")
    assert (first, none, last) == ("1", None, "2")
    assert why.startswith("nested more than 64 deep: {")


@pytest.mark.parametrize("text", ["[]", " [ ]\n", "\ufeff[]"])
def test_an_empty_array_has_no_rows(desk, text):
    assert desk.frames(text, "json", "a") == []


@pytest.mark.parametrize("text", ["\n", " \n\n"])
def test_blank_lines_alone_have_no_rows(desk, text):
    assert desk.frames(text, "ndjson", "a") == []


@pytest.mark.parametrize("block", [0, 3])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"a":1},{"a":2}', r"cut off \(record 2, byte 16\)"),
        ('[{"a":1},{"a":2', r"cut off \(record 2, byte 15\)"),
        ('[{"a":1},{"a":"2', r"Unterminated string.*\(record 2, byte 14\)"),
        ('[{"a":1},', r"cut off \(record 2, byte 9\)"),
        ("[", r"cut off \(record 1, byte 1\)"),
        ('[{"a":1},]', r"Expecting value \(record 2, byte 9\)"),
        ('[{"a":1}{"a":2}]', r"Expecting ',' or ']' \(record 1, byte 8\)"),
        ('[{"a":1}] [{"a":2}]', r"follows the end of the JSON array \(byte 10\)"),
        ('[{"a":1}]]', r"follows the end of the JSON array \(byte 9\)"),
        ("[] x", r"follows the end of the JSON array \(byte 3\)"),
        ('[{"é":1 1}]', r"malformed JSON: Expecting ',' delimiter \(record 1, byte 9\)"),
        ('[{"a":1},\x0b{"a":2}]', r"Expecting value \(record 2, byte 9\)"),
        ('[{"a":1}]\x0b', r"follows the end of the JSON array \(byte 9\)"),
        ("[1,2]", "an array of objects is wanted, this one holds a number"),
        ('[["a"]]', "an array of objects is wanted, this one holds an array"),
        ("[null]", "an array of objects is wanted, this one holds null"),
        ("[" * 5000, "nested more than 64 deep"),
        ('"text"', "the file holds a text, not a JSON array of objects"),
        ("<html>", "the file holds XML or HTML"),
        ("  \n", "only white space"),
    ],
)
def test_an_array_that_is_none_stops_the_file(desk, text, words, block):
    with pytest.raises(SourceError, match=words):
        desk.rows(text, "json", "a", block=block)


def test_one_object_or_lines_of_them_are_told_apart(desk):
    with pytest.raises(SourceError, match='set the feed\'s format to "ndjson"'):
        desk.rows('{"a":1}\n{"a":2}\n', "json", "a")
    with pytest.raises(SourceError, match=r"holds an object, .*name the format the file has"):
        desk.rows('{"a":1,\n"b":2}', "json", "a")
    with pytest.raises(SourceError, match='set the feed\'s format to "json"'):
        desk.rows(' [{"a":1}]', "ndjson", "a")


@pytest.mark.parametrize("block", [0, 4])
@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_a_byte_that_is_not_utf8_is_a_fault_of_its_record(desk, format_, block):
    lines = [b'{"a":"\xc3\xa9"}', b'{"a":"12\xe9"}', b'{"a":"2"}']
    text = b"\n".join(lines) if format_ == "ndjson" else b"[" + b",".join(lines) + b"]"
    (_, first, _), (_, none, why), (_, last, _) = desk.rows(text, format_, "a", block=block)
    assert (first, none, last) == ("é", None, "2")
    assert "holds a byte that is not UTF-8 (character 3 of 'a')" in why


def test_no_value_stands_in_an_error(desk):
    with pytest.raises(SourceError) as caught:
        desk.rows('[{"a":"+4712345" "b"}]', "json", "a")
    assert "+47" not in str(caught.value)


@pytest.mark.parametrize("block", [1, 5, 4096])
def test_an_array_is_told_from_lines_however_many_blanks_stand_before_it(desk, block):
    with pytest.raises(SourceError, match="is a JSON array, not NDJSON"):
        desk.rows(" \n" * 30 + '[{"a": 1}]', "ndjson", "a", block=block)
