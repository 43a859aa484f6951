"""Every rule of members, by an example."""

from datetime import date

import polars as pl
import pytest

from validators.fields import MEMBER_FIELDS
from validators.members import member_rules
from validators.rules import faulty, reasons

KINDS = {name: field.kind for name, field in MEMBER_FIELDS.items()} | {"shoe": "number"}
TODAY = date(2024, 1, 31)


def judge(row, kinds=KINDS):
    frame = pl.DataFrame([row], schema=dict.fromkeys(kinds, pl.String))
    rules = member_rules(kinds, TODAY)
    found = reasons(frame, rules)
    assert faulty(frame, rules).to_list() == [not found.is_empty()]
    return [(r["field"], r["code"], r["value"]) for r in found.iter_rows(named=True)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mobilePhone": "+4712345"}, "not-a-phone"),
        ({"mobilePhone": "4.712E+09"}, "not-a-phone"),
        ({"mobilePhone": "+47 12 00 01 41"}, "not-a-phone"),
        ({"mobilePhone": "12000141"}, "not-a-phone"),
        ({"mobilePhone": "+0712000141"}, "not-a-phone"),
        ({"mobilePhone": "+4712\n000141"}, "not-a-phone"),
        ({"mobilePhone": "+47\N{ARABIC-INDIC DIGIT ONE}2000141"}, "not-a-phone"),
        ({"mobilePhone": "+1234567890123456"}, "not-a-phone"),
        ({"email": "kari.example.no"}, "not-an-email"),
        ({"email": "kari@home@example.no"}, "not-an-email"),
        ({"email": "kari nordmann@example.no"}, "not-an-email"),
        ({"email": "kari@example.no."}, "not-an-email"),
        ({"email": "kari@example..no"}, "not-an-email"),
        ({"email": "kari@localhost"}, "not-an-email"),
        ({"email": "@example.no"}, "not-an-email"),
        ({"email": "kari\N{NO-BREAK SPACE}@example.no"}, "not-an-email"),
        ({"birthDate": "1985-02-30"}, "not-a-date"),
        ({"birthDate": "2024-02-01"}, "in-the-future"),
        ({"gender": "female"}, "not-allowed"),
        ({"age": "30.0"}, "not-an-integer"),
        ({"shoe": "43,5"}, "not-a-number"),
        ({"consents.acceptsEmail": "maybe"}, "not-a-boolean"),
        ({"metaData.isVip": "yes"}, "not-a-boolean"),
        ({"firstName": "Kari\x1b"}, "control-character"),
    ],
)
def test_what_is_wrong_with_a_member(change, code):
    ((field, value),) = change.items()
    assert judge({"externalId": "17"} | change) == [(field, code, value)]


@pytest.mark.parametrize(
    "row",
    [
        {"externalId": "17"},
        {"mobilePhone": "+4712000141"},
        {"mobilePhone": "+123456789012345"},
        {"email": "ola.æøå+tag@sub.example.no"},
        {"externalId": "17", "birthDate": "2024-01-31", "gender": "Female", "age": "0"},
        {"externalId": "17", "consents.acceptsSms": "TRUE", "metaData.isVip": "0"},
    ],
)
def test_good_members(row):
    assert judge(row) == []


def test_a_member_needs_a_name_to_be_known_by():
    assert judge({"name": "Kari"}) == [("externalId", "no-key", None)]
    assert judge({}, {"email": "text"}) == [("email", "no-key", None)]


def test_a_birth_date_kept_as_text_is_not_judged():
    assert judge({"externalId": "1", "birthDate": "soon"}, KINDS | {"birthDate": "text"}) == []
