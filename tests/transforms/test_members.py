"""Members into JSON, against a reference that goes row by row."""

import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.members import encode_members

EXAMPLES = Path(__file__).parents[1] / "sandbox" / "examples"
NASTY = st.sampled_from(
    [',"email":null', '{"email":null,', ":null", "\\", '\\"', '"', ",", "{", "}", "\u2028", "[]"]
)
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
TEXTS = st.lists(NASTY | ANY, min_size=1, max_size=3).map("".join)
KINDS = {
    "text": TEXTS,
    "integer": st.integers(-(10**15) + 1, 10**15 - 1).map(str) | st.sampled_from(["0", "007"]),
    "number": st.decimals(-99999999999, 99999999999, places=4).map(str),
    "boolean": st.sampled_from(["true", "false", "TRUE", "False", "1", "0"]),
    "date": st.dates().map(str),
}
NAMES = ["email", "name", "zip", "age", "_x1", "null"]
GROUPS = ["", "", "consents.", "metaData.", "more."]


def refer(row, kinds):
    plain = {k: refer_value(row[k], kinds[k]) for k in kinds if "." not in k}
    member = {k: v for k, v in plain.items() if v is not None}
    for group in dict.fromkeys(k.split(".")[0] for k in kinds if "." in k):
        inside = {k.split(".")[1]: k for k in kinds if k.startswith(f"{group}.")}
        values = {own: refer_value(row[k], kinds[k]) for own, k in inside.items()}
        pairs = [(k, v) for k, v in values.items() if v is not None]
        if pairs:
            member[group] = [[pair] for pair in pairs] if group == "metaData" else pairs
    return list(member.items())


def refer_value(text, kind):
    if text is None:
        return None
    make = {
        "text": str,
        "integer": int,
        "number": Decimal,
        "boolean": lambda t: t.lower() in {"true", "1"},
        "date": lambda t: f"{t}T00:00:00",
    }
    return make[kind](text)


@st.composite
def member_lists(draw):
    names = st.tuples(st.sampled_from(GROUPS), st.sampled_from(NAMES)).map("".join)
    others = draw(st.lists(names, unique=True, max_size=8))
    kinds = {name: draw(st.sampled_from(sorted(KINDS))) for name in others}
    kinds = dict(draw(st.permutations([*kinds.items(), ("externalId", "text")])))
    rows = [
        {k: draw(KINDS[kind] if k == "externalId" else st.none() | KINDS[kind]) for k, kind in
         kinds.items()}
        for _ in range(draw(st.integers(1, 5)))
    ]  # fmt: skip
    return kinds, rows


def to_frame(rows, kinds):
    return pl.DataFrame(rows, schema=dict.fromkeys(kinds, pl.String))


def check_against_reference(kinds, rows):
    texts = encode_members(to_frame(rows, kinds), kinds).to_list()
    made = [json.loads(t, parse_float=Decimal, object_pairs_hook=list) for t in texts]
    assert made == [refer(row, kinds) for row in rows]
    alone = [encode_members(to_frame([row], kinds), kinds).item() for row in rows]
    assert texts == alone


@settings(max_examples=80, deadline=None)
@given(member_lists())
def test_members_are_what_the_reference_makes_of_them(drawn):
    check_against_reference(*drawn)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(member_lists())
def test_many_members_are_what_the_reference_makes_of_them(drawn):
    check_against_reference(*drawn)


def test_one_member_to_the_letter():
    row = {
        "externalId": "0017",
        "zip": "0553",
        "birthDate": "1985-02-28",
        "consents.acceptsSms": "1",
        "consents.acceptsEmail": None,
        "metaData.isVip": "false",
        "metaData.shoe": "43.5",
    }
    kinds = dict.fromkeys(row, "boolean") | {
        "externalId": "text",
        "zip": "integer",
        "birthDate": "date",
        "metaData.shoe": "number",
    }
    assert encode_members(to_frame([row], kinds), kinds).item() == (
        '{"externalId":"0017","zip":553,"birthDate":"1985-02-28T00:00:00",'
        '"consents":{"acceptsSms":true},"metaData":[{"isVip":false},{"shoe":43.5}]}'
    )


def test_no_member_gives_no_text():
    assert encode_members(to_frame([], {"email": "text"}), {"email": "text"}).to_list() == []


def test_the_contracts_member_can_be_made_from_a_flat_row():
    example = json.loads((EXAMPLES / "import_data.request.json").read_text("utf-8"))
    kinds = {
        "name": "text",
        "age": "integer",
        "email": "text",
        "address": "text",
        "city": "text",
        "zip": "integer",
        "metaData.isVip": "boolean",
    }
    (member,) = example["members"]
    row = {k: str(member[k]) for k in kinds if k in member} | {"metaData.isVip": "true"}
    assert json.loads(encode_members(to_frame([row], kinds), kinds).item()) == member
