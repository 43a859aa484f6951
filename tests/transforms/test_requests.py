"""A request as a text: the line with its path, and the body below it."""

import json
from urllib.parse import parse_qsl, unquote, urlsplit

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from transforms.requests import encode_requests, split_request

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def encode(records, path, query=(), kinds=None, *, body=True):
    frame = pl.DataFrame(records, schema=dict.fromkeys(records[0], pl.String))
    return encode_requests(frame, path, query, kinds or {}, body=body).to_list()


def test_parameters_stand_in_the_path_and_the_query_the_rest_in_the_body():
    made = encode(
        [{"id": "7", "customerId": "+4790000001", "points": "5", "why": "late"}],
        "/a/{id}/b",
        ("customerId",),
        {"points": "integer", "why": "text"},
    )
    assert made == ['/a/7/b?customerId=%2B4790000001\n{"points":5,"why":"late"}']


def test_what_has_no_value_is_left_out():
    records = [
        {"id": "7", "q": None, "r": "1", "n": None},
        {"id": "8", "q": None, "r": None, "n": "x"},
    ]
    made = encode(records, "/a/{id}", ("q", "r"), {"n": "text"})
    assert made == ["/a/7?r=1\n{}", '/a/8\n{"n":"x"}']


def test_a_method_without_a_body_gets_none_and_one_without_fields_an_empty_object():
    assert encode([{"id": "7"}], "/a/{id}", body=False) == ["/a/7\n"]
    assert encode([{"id": "7"}], "/a/{id}") == ["/a/7\n{}"]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_any_text_comes_back_from_a_path_and_a_query(pairs):
    made = encode([{"id": a, "q": b} for a, b in pairs], "/a/{id}/z", ("q",), body=False)
    for text, (a, b) in zip(made, pairs, strict=True):
        path, body = split_request(text)
        parts = urlsplit(path)
        _, start, inside, end = parts.path.split("/")
        assert (start, unquote(inside), end, body) == ("a", a, "z", "")
        assert parse_qsl(parts.query, keep_blank_values=True) == [("q", b)]


@given(TEXT)
def test_any_text_comes_back_from_a_body(text):
    (made,) = encode([{"id": "7", "n": text}], "/a/{id}", (), {"n": "text"})
    path, body = split_request(made)
    assert (path, json.loads(body)) == ("/a/7", {"n": text})


def test_a_record_of_a_batch_is_all_body():
    assert split_request('{"a":"b"}') == ("", '{"a":"b"}')
