"""JSON in columns: what polars writes, with the null members gone."""

import json

import polars as pl
import pytest

from transforms.json_text import encode


def write(rows, optional, **schema):
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return encode(frame, pl.struct(pl.all()), optional).to_list()


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (("x", "y", "z"), '{"a":"x","b":"y","c":"z"}'),
        ((None, "y", "z"), '{"b":"y","c":"z"}'),
        (("x", None, "z"), '{"a":"x","c":"z"}'),
        (("x", "y", None), '{"a":"x","b":"y"}'),
        ((None, None, "z"), '{"c":"z"}'),
        ((None, "y", None), '{"b":"y"}'),
        (("x", None, None), '{"a":"x"}'),
    ],
)
def test_null_members_are_left_out_wherever_they_stand(row, text):
    schema = {"a": pl.String, "b": pl.String, "c": pl.String}
    assert write([row, ("1", "2", "3")], "abc", **schema) == [text, '{"a":"1","b":"2","c":"3"}']


@pytest.mark.parametrize(
    "value",
    [',"b":null', '{"b":null,', ":null", "null", '","b":null', '\\","b":null', '{"', "\\", '"'],
)
def test_a_value_that_looks_like_a_null_member_stays(value):
    schema = {"a": pl.String, "b": pl.String, "c": pl.String}
    texts = write([(value, None, value), (value, value, None)], "abc", **schema)
    assert [json.loads(text) for text in texts] == [
        {"a": value, "c": value},
        {"a": value, "b": value},
    ]


def test_only_optional_members_are_left_out():
    assert write([(None, None, 1)], "a", a=pl.Int64, b=pl.Int64, c=pl.Int64) == ['{"b":null,"c":1}']
    assert write([(None, 1)], "", a=pl.Int64, b=pl.Int64) == ['{"a":null,"b":1}']


def test_no_row_gives_no_text():
    assert write([], "ab", a=pl.Int64, b=pl.Int64) == []
