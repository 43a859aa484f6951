"""What a member lacks, taken from others: the same as if one row had held all of it."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.filling import fill_member
from transforms.mapping import CLEARED
from transforms.members import encode_customers

NAMES = {
    "consents.extendedConsents.sms": "boolean",
    "mobilePhone": "phone",
    "consents.acceptsSms": "boolean",
    "zip": "zip",
    "favoriteStores": "list",
    "birthDate": "date",
    "consents.extendedConsents.post": "boolean",
    "extendedProperties.level": "text",
    "externalId": "text",
    "points": "integer",
}
OWN = {
    "create": {"source.storeId": "text", "source.cashierId": "text"},
    "update": {"source.storeId": "text", "source.cashierId": "text"},
    "import": {"metaData.sex": "text", "metaData.isVip": "boolean"},
}
VALUES = {
    "phone": st.sampled_from(["+4790000001", "+4790000002"]),
    "boolean": st.sampled_from(["true", "false", "1"]),
    "zip": st.sampled_from(["0553", "553", "SW1A"]),
    "list": st.sampled_from(["S1\x1fS2", "S3"]),
    "date": st.sampled_from(["1980-01-31", "1999-12-31"]),
    "text": st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1),
    "integer": st.integers(-(2**40), 2**40).map(str),
}
CLEAR = object()
CLEARABLE = {"phone", "boolean", "date", "text"}


@st.composite
def groups(draw):
    """Draw an endpoint's form, its names in some order, and some members' values."""
    form = draw(st.sampled_from(["import", "create", "update"]))
    every = {**NAMES, **OWN[form]}
    names = draw(st.lists(st.sampled_from([*every]), min_size=1, unique=True))
    kinds = {name: every[name] for name in names}
    value = {
        name: st.none() | VALUES[kind] | (st.just(CLEAR) if kind in CLEARABLE else st.nothing())
        for name, kind in kinds.items()
    }
    rows = draw(st.lists(st.fixed_dictionaries(value), min_size=1, max_size=4))
    return form, kinds, rows


def write(rows, kinds, form, path):
    plain = [{name: None if v is CLEAR else v for name, v in row.items()} for row in rows]
    flags = [{f"{CLEARED}{name}": v is CLEAR for name, v in row.items()} for row in rows]
    schema = dict.fromkeys(kinds, pl.String)
    frame = pl.DataFrame(plain, schema=schema).hstack(pl.DataFrame(flags))
    return [path + text for text in encode_customers(frame, kinds, form)]


@settings(max_examples=80, deadline=None)
@given(groups(), st.sampled_from(["", "/customers\n"]), st.data())
def test_it_is_as_if_one_row_had_held_all(group, path, data):
    form, kinds, rows = group
    kept = data.draw(st.lists(st.sampled_from([*kinds]), unique=True, max_size=2))
    kept = [name for name in kept if "." not in name]
    first, *others = rows
    whole, taken = dict(first), False
    for row in others:
        has_source = any(whole[n] is not None for n in kinds if n.startswith("source."))
        for name, value in row.items():
            beside = name in kept or (has_source and name.startswith("source."))
            if whole[name] is None and value not in {None, CLEAR} and not beside:
                whole[name], taken = value, True
    text, *given_by = write(rows, kinds, form, path)
    filled = fill_member(text, [(other, kept) for other in given_by], kinds, form)
    assert filled == (write([whole], kinds, form, path)[0] if taken else None)


@pytest.mark.parametrize("form", ["create", "update"])
def test_where_somebody_registered_is_of_one_place(form):
    kinds = {"mobilePhone": "phone", "source.storeId": "text", "source.cashierId": "text"}
    frame = pl.DataFrame(
        [("+4790000001", "S1", None), ("+4790000001", "S2", "C7"), ("+4790000001", None, None)],
        schema=dict.fromkeys(kinds, pl.String),
        orient="row",
    )
    one, two, none = encode_customers(frame, kinds, form)
    assert fill_member(one, [(two, [])], kinds, form) is None
    filled = fill_member(none, [(one, []), (two, [])], kinds, form)
    assert json.loads(filled)["source"] == {"storeId": "S1"}
