"""The quick readers of CSV and JSON against their judges: the same rows, or the same refusal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import SourceError, delimited, json_columns


def outcome(read, *args, **options):
    try:
        return read(*args, **options)
    except SourceError as error:
        return error.__class__


CSV = st.lists(
    st.sampled_from(["a", "1,2\n", "1,2\n", '"a","b\n"\n', ",", '"', '""', "\n", "\r\n", "\r", "é"])
).map("".join)


@settings(max_examples=60, deadline=None)
@given(CSV, st.integers(1, 30))
def test_csv(desk, body, block):
    text = f"x,y\n{body}"
    quick = outcome(desk.rows, text, "csv", "x y")
    cut = outcome(desk.rows, text, "csv", "x y", block=block)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited._Table, "_in_columns", lambda *_: None)
        judged = outcome(desk.rows, text, "csv", "x y")
    assert quick == judged
    assert cut == judged


PIECES = [
    '{"a":"1"}',
    '{"a":1.50,"b":[{"c":"x"},{}]}',
    ",",
    ",",
    "\n",
    '{"b":1}',
    "[",
    "]",
    "{",
    "}",
]
DOUBTS = [
    '{"x":null,"y":[1,{}],"z":{"a":1}}',
    '{"a":1,"a":1}',
    '{"y":{"b": null,"b" :3}}',
    '{"a":" :n","b": null}',
    '{"a":":n","a":1}',
    '{"a":["p",1.0,null]}',
    '{"b":[{"c":"x","d":[[1]],"c":2},null]}',
]
JSON = st.lists(
    st.sampled_from(
        [*PIECES, *DOUBTS, '{"a":"},{"}', '{"a":NaN}', '{"b":[]}', '"', r'{"a":"\ud800"}', "7"]
    )
).map("".join)


@settings(max_examples=60, deadline=None)
@given(JSON, st.integers(1, 30), st.sampled_from(["json", "ndjson"]))
def test_json(desk, body, block, format_):
    text = f'[{{"a":"0"}},{body}]' if format_ == "json" else f"{{}}\n{body}"
    quick = outcome(desk.rows, text, format_, "a b.c", items="b")
    cut = outcome(desk.rows, text, format_, "a b.c", items="b", block=block)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_columns.Columns, "read", lambda *_: None)
        judged = outcome(desk.rows, text, format_, "a b.c", items="b")
    assert quick == judged
    assert cut == judged
