"""JSON: columns that choose of a list, and arrays that lie below other things."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import Limits, SourceError, json_columns
from connectors.files.reader import read

PHONES = "id phones[2].number phones[type=mobile].number tags[1]"
SCALAR = st.none() | st.sampled_from(["mobile", "work", "x", "", 7, 2.5, True])
PHONE = st.none() | st.fixed_dictionaries({}, optional={"type": SCALAR, "number": SCALAR})
MEMBER = st.fixed_dictionaries(
    {"id": st.integers(0, 9)},
    optional={
        "phones": st.none() | st.lists(PHONE, max_size=3),
        "tags": st.none() | st.lists(SCALAR, max_size=3),
        "other": st.lists(st.lists(SCALAR, max_size=1), max_size=2),
    },
)


def text_of(value):
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def chosen(member):
    """The row that a member stands for."""
    phones = [phone or {} for phone in member.get("phones") or []]
    second = phones[1] if len(phones) > 1 else {}
    mobile = next((phone for phone in phones if phone.get("type") == "mobile"), {})
    tag = ((member.get("tags") or []) + [None])[0]
    values = (member["id"], second.get("number"), mobile.get("number"), tag)
    return tuple(text_of(value) for value in values)


@settings(max_examples=30, deadline=None)
@given(st.lists(MEMBER, min_size=1, max_size=6), st.sampled_from(["json", "ndjson"]))
def test_a_step_chooses_of_a_list(desk, members, format_):
    lines = [json.dumps(member) for member in members]
    text = "\n".join(lines) if format_ == "ndjson" else f"[{','.join(lines)}]"
    want = [(row, *chosen(member)) for row, member in enumerate(members, 1)]
    assert desk.rows(text, format_, PHONES) == want
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_columns.Columns, "read", lambda *_: None)
        assert desk.rows(text, format_, PHONES) == want


def test_a_step_chooses_within_items(desk):
    item = '{"no":1,"codes":[{"kind":"ean","v":"5"},{"kind":"sku","v":"6"}]}'
    text = f'[{{"i":[{item},{{"no":2}}]}}]'
    rows = desk.rows(text, "json", "i.no i.codes[kind=sku].v i.codes[1].v", items="i")
    assert rows == [(1, "1", "6", "5"), (1, "2", None, None)]


def test_a_list_of_plain_values_is_its_json(desk):
    text = '[{"a":["x","y\\"",1.50,true,null]},{"a":[]},{"a":"z"},{"a":[{}]}]'
    (_, first, _), empty, plain, (_, none, why) = desk.rows(text, "json", "a")
    assert first == '["x","y\\"",1.5,true,null]'
    assert (empty, plain, none) == ((2, None, None), (3, "z", None), None)
    assert why.startswith("a: expected a text, found an array of objects")
    assert desk.rows('[{"a":["x","y"]}]', "json", "a a[2]") == [(1, '["x","y"]', "y")]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ('{"p":{"t":"m"}}', "p: expected an array, found an object"),
        ('{"p":[1]}', "p: expected objects, found a number"),
        ('{"p":[{"t":"m","n":{}}]}', r"p\[t=m\].n: expected a text, found an object"),
        ('{"p":[{"t":{}}]}', "t: expected a text, found an object"),
    ],
)
def test_a_list_of_another_shape_is_a_fault(desk, record, why):
    text = f'[{{"p":[{{"t":"m","n":"1"}}]}},{record}]'
    first, (_, none, fault) = desk.rows(text, "json", "p[t=m].n")
    assert first == (1, "1", None)
    assert none is None
    assert fault.startswith(why.replace("\\", ""))


def test_names_with_dots_stand_in_quotes(desk):
    text = '{"export":{"all.members":[{"a.b":{"c":1}}]}}'
    assert desk.rows(text, "json", "'a.b'.c", record="export.'all.members'") == [(1, "1")]


# --- an array below other things -----------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "}", '"', "\\", "],["]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None)
@given(
    others=st.tuples(JSON, JSON, JSON),
    ids=st.lists(st.integers(0, 99).map(str), max_size=5),
    style=st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 1}]),
    block=st.integers(1, 60),
)
def test_an_array_is_found_at_its_path(desk, others, ids, style, block):
    before, beside, behind = others
    members = [{"id": number, "b": [{"c": behind}]} for number in ids]
    export = {"x": before, "members": members, "count": len(ids), "y": behind}
    whole = {"members": beside, "export": export, "z": before, "sum": "1.50"}
    text = json.dumps(whole, **style)
    totals = {"rows": "export.count", "amount": "sum", "none": "export.nothing"}
    source = desk.source(text, "json", "id", record="export.members", totals=totals)
    told = {}
    frames = list(read(source, told=told, _block=block))
    assert [row for frame in frames for row in frame.rows()] == list(enumerate(ids, 1))
    assert told == {"rows": [str(len(ids))], "amount": ["1.50"]}
    for end in range(max(len(text) - 20, text.index("export")), len(text)):
        with pytest.raises(SourceError, match=r"cut off|malformed|no export"):
            desk.rows(text[:end], "json", "id", record="export.members", block=block)
    with pytest.raises(SourceError, match="something follows the end"):
        desk.rows(text + "x", "json", "id", record="export.members", block=block)


def test_totals_are_told_exactly_and_once(desk):
    text = '{"n":-1.500,"e":{"n":12345678901234567890123},"m":[{"a":1}],"s":true,"o":{"n":1e9}}'
    totals = {"a": "n", "b": "e.n", "c": "s", "d": "o.n", "e": "m.n", "f": "e"}
    told = {}
    list(read(desk.source(text, "json", "a", record="m", totals=totals), told=told))
    assert told == {"a": ["-1.500"], "b": ["12345678901234567890123"], "c": ["true"], "d": ["1e9"]}
    twice = desk.source('{"n":1,"m":[],"n":2}', "json", "a", record="m", totals={"a": "n"})
    with pytest.raises(SourceError, match="'n' stands twice"):
        list(read(twice))


@pytest.mark.parametrize("block", [0, 3])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"x":1,"e":{"n":[],"o":1}}', "no e.m in it; there are x, e, e.n, e.o; correct the"),
        ("{}", "no e.m in it; there are no names at all"),
        ('{"e":{"m":{"m":[]}}}', "e.m is no array"),
        ('{"e":[{"m":[]}]}', "no e.m in it; there are e;"),
        ('{"e":{"m":[]},"e":{"m":[]}}', "'e' stands twice"),
        ('{"e":{"m":[],"m":[]}}', "'e.m' stands twice"),
        ("[]", "holds an array, not an object with e.m in it; leave record out"),
        ("7", "holds something else, not an object"),
        ('{"x":[1}', "closes another than the one last opened"),
        ('{"x":' + "[" * 65 + "]" * 65 + "}", "nested more than 64 deep"),
        ('{"x":"', "the JSON is cut off"),
        ('{"x":"\\', "the JSON is cut off"),
        ('{"x"', "the JSON is cut off"),
        ('{"x" 1}', "expecting ':'"),
        ("{x:1}", "expecting a name in quotes"),
        ('{"x":01}', "a value that is none"),
        ('{"x":NaN}', "a value that is none"),
        ('{"x":}', "a value that is none"),
        ('{"x":1 2}', "expecting ','"),
        ('{"e":{"m":[{"a":1},{"a":2]}}', "malformed JSON"),
        ('{"e":{"m":[{"a":1}}}', "Expecting ',' or ']'"),
        ('{"e":{"m":[{"a":1}]', "the JSON is cut off"),
        ('{"e":{"m":[{"a":1}', "the JSON array is cut off"),
        ('{"e":{"m":[1]}}', "an array of objects is wanted"),
    ],
)
def test_a_document_without_the_array_stops_the_file(desk, text, words, block):
    with pytest.raises(SourceError, match=words):
        desk.rows(text, "json", "a", record="e.m", block=block)


def test_a_long_value_beside_the_array_is_passed_by(desk):
    text = '{"x":"' + 'y\\"}' * 100_000 + '","m":[{"a":1}],"z":' + "[[1]," * 40 + "1" + "]" * 40
    assert desk.rows(text + "}", "json", "a", record="m", block=1000) == [(1, "1")]


# --- what the quick way must leave to the judge --------------------------------------------------


def test_limits_are_kept(desk):
    limits = {"limits": Limits(field_chars=8)}
    for format_, text in (("json", '[{"a":"%s"},{"a":"x"}]'), ("ndjson", '{"a":"%s"}\n{"a":"x"}')):
        assert desk.rows(text % "123456\\u00e9", format_, "a", **limits)[0] == (1, "123456é")
        (_, _, why), _ = desk.rows(text % "123456789", format_, "a", **limits)
        assert why.startswith("a: 9 characters, the limit is 8")


def test_names_that_come_later_are_learned(desk):
    records = [{"a": n} for n in range(50)] + [{"a": n, f"k{n % 7}": {"x": [n]}} for n in range(50)]
    text = json.dumps(records)
    want = [(n + 1, str(n % 50)) for n in range(100)]
    assert desk.rows(text, "json", "a", block=200) == want
    mixed = json.dumps([*records, {"k1": 7}, {"k1": [[{}]], "a": 1}, {"k1": "x"}])
    assert desk.rows(mixed, "json", "a", block=200)[:100] == want


def test_a_key_that_stands_twice_is_found_among_many(desk):
    records = [json.dumps({"a": n, "b": None, "t": "x : y", "u": ":n"}) for n in range(2000)]
    records[1234] = '{"a":1,"b":null,"b":2}'
    rows = desk.rows(f"[{','.join(records)}]", "json", "a")
    assert [row[0] for row in rows if row[2]] == [1235]
    assert rows[1234][2].startswith("names 'b' twice")
