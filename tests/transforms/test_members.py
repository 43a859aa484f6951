"""Members into JSON, against a reference that goes row by row."""

import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.mapping import FromColumn, map_columns
from transforms.members import encode_customers, encode_members

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
GROUPS = ["", "", "consents.", "metaData.", "more.", "more.inside."]


CLEAR = "#N/A"


def refer(row, kinds):
    """Make a member by hand: a list of pairs for each object."""
    tree, groups = {}, {}
    for name, kind in kinds.items():
        value = refer_value(row[name], kind)
        group, _, key = name.partition(".")
        if group == "metaData":
            groups.setdefault(group, [])
            if row[name] is not None:
                groups[group].append([(key, value)])
        elif key:
            inside = groups.setdefault(group, {})
            *between, key = key.split(".")
            for step in between:
                inside = inside.setdefault(step, {})
            if row[name] is not None:
                inside[key] = value
        elif row[name] is not None:
            tree[name] = value
    for group, inside in groups.items():
        pairs = inside if group == "metaData" else to_pairs(inside)
        if pairs:
            tree[group] = pairs
    return list(tree.items())


def to_pairs(tree):
    made = ((k, to_pairs(v) if isinstance(v, dict) else v) for k, v in tree.items())
    return [(k, v) for k, v in made if v != []]


def refer_value(text, kind):
    if text is None or text == CLEAR:
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
        {k: draw(KINDS[kind] if k == "externalId" else st.none() | st.just(CLEAR) | KINDS[kind])
         for k, kind in kinds.items()}
        for _ in range(draw(st.integers(1, 5)))
    ]  # fmt: skip
    return kinds, rows


def to_frame(rows, kinds):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(kinds, pl.String))
    return map_columns(frame, {name: FromColumn(name) for name in kinds}, CLEAR)


def check_against_reference(kinds, rows):
    texts = encode_members(to_frame(rows, kinds), kinds).to_list()
    made = [json.loads(t, parse_float=Decimal, object_pairs_hook=list) for t in texts]
    assert made == [refer(row, kinds) for row in rows]
    alone = [encode_members(to_frame([row], kinds), kinds).item() for row in rows]
    assert texts == alone


@settings(max_examples=30, deadline=None)
@given(member_lists())
def test_members_are_what_the_reference_makes_of_them(drawn):
    check_against_reference(*drawn)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
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


def test_a_field_that_is_cleared_is_null_wherever_it_stands():
    row = dict.fromkeys(["email", "zip", "consents.acceptsSms", "metaData.isVip", "a.b.c"], CLEAR)
    rows = [row | {"externalId": "1"}, dict.fromkeys(row) | {"externalId": "2"}]
    kinds = dict.fromkeys(rows[0], "text") | {"zip": "integer", "metaData.isVip": "boolean"}
    assert encode_members(to_frame(rows, kinds), kinds).to_list() == [
        (
            '{"email":null,"zip":null,"externalId":"1","consents":{"acceptsSms":null},'
            '"metaData":[{"isVip":null}],"a":{"b":{"c":null}}}'
        ),
        '{"externalId":"2"}',
    ]


@pytest.mark.parametrize("form", ["import", "create", "update"])
def test_a_consent_beside_one_that_is_cleared_has_its_value_only(form):
    name = "consents.extendedConsents.sms"
    rows = [{name: CLEAR}, {name: "true"}, {name: None}]
    texts = encode_customers(to_frame(rows, {name: "boolean"}), {name: "boolean"}, form)
    assert ["null" in text for text in texts] == [True, False, False]
    assert '[{"id":"sms","value":true}]' in texts[1]


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
