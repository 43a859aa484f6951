"""Records out of answers without pages: every shape of T29, and what is no answer at all."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.trigg import pieces
from connectors.trigg.catalogue import find
from connectors.trigg.records import (
    BadAnswer,
    path_of,
    read_list,
    read_records,
    to_frame,
    to_json,
)

CUSTOMER = {"data": {"id": "1", "interests": ["a"]}, "metaData": {"UpdatedAt": "2026-01-01"}}


@pytest.mark.parametrize(
    ("answer", "answers", "rows", "total"),
    [
        ([{"a": 1}, {"a": 2}], "many", [{"a": 1}, {"a": 2}], None),
        ({"data": [{"a": 1}]}, "many", [{"a": 1}], None),
        ({"transactions": [{"a": 1}]}, "many", [{"a": 1}], None),
        ({"transactions": []}, "many", [], None),
        ([CUSTOMER], "many", [CUSTOMER], None),
        (CUSTOMER, "many", [CUSTOMER], None),
        (CUSTOMER, "one", [CUSTOMER], None),
        ([CUSTOMER], "one", [CUSTOMER], None),
        ({"id": "1", "tags": ["x"]}, "many", [{"id": "1", "tags": ["x"]}], None),
        ({"a": ["x"], "b": ["y"]}, "many", [{"a": ["x"], "b": ["y"]}], None),
        ({"tags": ["x"]}, "one", [{"tags": ["x"]}], None),
        (["a", "b"], "many", [{"value": "a"}, {"value": "b"}], None),
        (None, "many", [], None),
        ({}, "one", [], None),
        ([], "one", [], None),
        ({"data": None}, "one", [], None),
        (
            {"data": [{"a": 1}, {"a": 2}], "metaData": {"CreatedAt": "x"}},
            "many",
            [{"metaData": {"CreatedAt": "x"}, "a": n} for n in (1, 2)],
            None,
        ),
        ({"data": [{"a": 1}], "metaData": {"totalRecords": 9}}, "many", [{"a": 1}], 9),
        ({"data": [{"a": 1}], "metaData": {"totalRecords": "9"}}, "many", [{"a": 1}], 9),
    ],
)
def test_every_shape_is_read_and_nothing_left_out(answer, answers, rows, total):
    body = json.dumps(answer).encode()
    found = read_records(body, answers)
    assert (found.rows, found.total) == (rows, total)
    frame, told = read_list(b"\xef\xbb\xbf" + body, answers)
    assert told == total
    assert frame.height == len(rows)
    if rows:
        assert frame.to_dicts() == rows


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "an empty answer"),
        (b'[{"a": 1}', "JSON that is cut off or broken"),
        (b"<p>of +4790000001</p>", 'no JSON but "<p>of <number>'),
        (b'{"a": NaN}', "JSON that is cut off or broken"),
        (b'[{"a": 1, "a": 2}]', "names 'a' twice"),
        (b"[" * 100_000, "deeper than"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "deeper than"),
        (b'[{"a": 1}, 2]', "its records are not all objects"),
        (b"[[1]]", "its records are not all objects"),
        (b'"text"', "it holds no records"),
        (b"7", "it holds no records"),
        (b'{"data": [], "metaData": {"totalRecords": "many"}}', "no whole number totalRecords"),
    ],
)
@pytest.mark.parametrize("read", [read_records, read_list])
def test_what_is_no_answer_is_refused(body, said, read):
    with pytest.raises(BadAnswer) as caught:
        read(body, "many")
    assert said in str(caught.value)


def test_records_of_many_answers_make_one_frame():
    pieces = [to_json([{"id": "01", "n": 1}]), b"", to_json([{"id": "02", "n": 2.5}, {"x": {}}])]
    frame = to_frame(pieces)
    assert frame.to_dicts()[0] == {"id": "01", "n": 1.0, "x": None}
    assert frame.schema["id"] == pl.String
    assert to_frame([]).height == to_frame([b""]).width == 0
    mixed = to_frame([to_json([{"a": {"b": 1}, "c": 1}]), to_json([{"a": [2], "c": 2}])])
    assert mixed["a"].to_list() == ['{"b":1}', "[2]"]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(ANY, st.sampled_from(["one", "many"]))
def test_any_json_is_records_or_refused(answer, answers):
    body = json.dumps(answer).encode()
    try:
        found = read_records(body, answers)
    except BadAnswer:
        return
    assert to_frame([to_json(found.rows)]).height in {0, len(found.rows)}


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.text() | st.lists(st.just({"}": "{"})))),
    st.integers(1, 60),
)
def test_a_long_list_is_read_in_pieces(records, size):
    rows = [{"n": n, **record} for n, record in enumerate(records)]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE", size)
        file = Path(folder, "answer")
        file.write_text("  " + json.dumps(rows), encoding="utf-8")
        found = list(pieces.read_pieces(file, "many", 1 << 20))
    numbers = [int(n) for frame, _ in found if frame.width for n in frame["n"]]
    assert numbers == [*range(len(rows))]


@pytest.mark.parametrize("end", ["", ",", "]]", '{"a": 1}]', '{"a": 1, "a": 2}]', "] x"])
def test_a_long_list_that_is_none_is_refused(tmp_path, monkeypatch, end):
    monkeypatch.setattr(pieces, "PIECE", 20)
    file = tmp_path / "answer"
    file.write_text('[{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}' + end)
    with pytest.raises(BadAnswer):
        list(pieces.read_pieces(file, "many", 1 << 20))
    file.write_text('{"data": [{"a": 1}, {"a": 2}]}')
    with pytest.raises(BadAnswer, match="above 0 MB that is no bare list: raise answer_mb"):
        list(pieces.read_pieces(file, "many", 20))


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("GET /stores", "", "/stores"),
        ("GET /customers/id/{id}", "a b/ø", "/customers/id/a%20b%2F%C3%B8"),
        ("GET /customers", "+4790000001", "/customers?mobilePhone=%2B4790000001"),
        ("GET /loyalty/bonus/campaigns/{id}", "", "/loyalty/bonus/campaigns"),
        ("GET /loyalty/bonus/campaigns/{id}", "7", "/loyalty/bonus/campaigns/7"),
    ],
)
def test_paths_are_percent_encoded(name, value, path):
    assert path_of(find(name), value) == path


def test_the_query_parameter_of_a_phone_may_have_another_name():
    assert path_of(find("GET /customers"), "+1", "phone") == "/customers?phone=%2B1"
