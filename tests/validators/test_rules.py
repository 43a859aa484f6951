"""Two judges, one rule table: the masks and the pandera schema say the same."""

from datetime import date
from decimal import Decimal

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.fields import (
    CUSTOMER_FIELDS,
    HEADER,
    ITEMS,
    MEMBER_FIELDS,
    RECEIPT_FIELDS,
    Field,
)
from validators.members import member_rules
from validators.receipts import line_rules, receipt_rules
from validators.rules import REASONS, faulty, field_rules, reasons, schema

TODAY = date(2024, 1, 31)


GOOD = {
    "text": ["x", "42", "æ, ø", " ", "\u2028"],
    "number": ["1", "-12.50", "0", "-0", "99999999999.9999"],
    "integer": ["1", "2", "-7", "007"],
    "boolean": ["true", "0"],
    "date": ["2024-01-31", "1985-02-28", "2085-01-01"],
    "phone": ["+4712000141", "+123456789012345"],
    "email": ["kari@example.com"],
    "country": ["NO", "SE"],
    "zip": ["0553", "SW1A 1AA"],
    "list": ["a", "a\x1fb c"],
}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        (Field("f", required=True), None, "missing"),
        (Field("f", "number", required=True), None, "missing"),
        (Field("f", "number"), "12,50", "not-a-number"),
        (Field("f", "number"), "1e3", "not-a-number"),
        (Field("f", "number"), "NaN", "not-a-number"),
        (Field("f", "number"), "inf", "not-a-number"),
        (Field("f", "number"), "+1", "not-a-number"),
        (Field("f", "number"), " 1", "not-a-number"),
        (Field("f", "number"), "1\n", "not-a-number"),
        (Field("f", "number"), "1.", "not-a-number"),
        (Field("f", "number"), ".5", "not-a-number"),
        (Field("f", "number"), "1.23456", "not-a-number"),
        (Field("f", "number"), "123456789012", "not-a-number"),
        (Field("f", "number"), "\N{MINUS SIGN}1", "not-a-number"),
        (Field("f", "number"), "\N{ARABIC-INDIC DIGIT THREE}", "not-a-number"),
        (Field("f", "integer"), "1.0", "not-an-integer"),
        (Field("f", "integer"), "first", "not-an-integer"),
        (Field("f", "integer"), "1234567890123456", "not-an-integer"),
        (Field("f", "integer"), "\N{FULLWIDTH DIGIT ONE}", "not-an-integer"),
        (Field("f", "boolean"), "yes", "not-a-boolean"),
        (Field("f", "boolean"), "01", "not-a-boolean"),
        (Field("f", "boolean"), "fal\N{LATIN SMALL LETTER LONG S}e", "not-a-boolean"),
        (Field("f", "date"), "2024-02-30", "not-a-date"),
        (Field("f", "date"), "30.01.2024", "not-a-date"),
        (Field("f", "date"), "2024-1-5", "not-a-date"),  # the date is sent as it is written
        (Field("f", "date"), " 2024-01-05", "not-a-date"),
        (Field("f", "date"), "+2024-01-05", "not-a-date"),
        (Field("f", "date"), "24-01-05", "not-a-date"),
        (Field("f", "date"), "2024-01-05T00:00:00", "not-a-date"),
        (Field("f"), "a\0b", "control-character"),
        (Field("f"), "\x1f", "control-character"),
        (Field("f"), "\x7f", "control-character"),
        (Field("f", allowed=("A", "B")), "a", "not-allowed"),
    ],
)
def test_what_breaks_a_fields_rules(field, value, code):
    frame = pl.DataFrame({"f": ["x", value]}, schema={"f": pl.String}).tail(1)
    rules = field_rules(field)
    assert faulty(frame, rules).to_list() == [True]
    found = reasons(frame, rules)
    message = next(rule.message for rule in rules if rule.code == code)
    assert found.rows() == [(0, "f", code, message, value)]
    assert found.schema == REASONS


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (Field("f", required=True), ["x", "x y", "0"]),
        (Field("f"), [None, "æøå", "\N{GRINNING FACE}"]),
        (Field("f", "number"), [None, "0", "-0", "007.50", "-99999999999.9999", "1.2345"]),
        (Field("f", "integer"), [None, "0", "-1", "007", "123456789012345"]),
        (Field("f", "boolean"), [None, "true", "False", "TRUE", "0", "1"]),
        (Field("f", "date"), [None, "2024-02-29", "1900-01-01"]),
        *((Field("f", kind), [None, *GOOD[kind]]) for kind in ("country", "zip", "list")),
        (Field("f", allowed=("A", "B")), [None, "A", "B"]),
    ],
)
def test_what_keeps_a_fields_rules(field, values):
    frame = pl.DataFrame({"f": values}, schema={"f": pl.String})
    assert not faulty(frame, field_rules(field)).any()
    assert reasons(frame, field_rules(field)).is_empty()


def test_all_reasons_of_a_row_come_at_once():
    kinds = {name: field.kind for name, field in MEMBER_FIELDS.items()}
    wrong = {
        "email": "kari@home@example.no",
        "mobilePhone": "12 34",
        "age": "old",
        "birthDate": "1985-02-30",
        "gender": "x\0",
        "zip": "N-0553",
        "consents.acceptsSms": "maybe",
    }
    rows = [{}, {"email": "kari@example.com"}, wrong]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(kinds, pl.String))
    found = reasons(frame, member_rules(kinds, TODAY))
    assert [row[:3] for row in found.rows()] == [
        (0, "externalId", "no-key"),
        (2, "mobilePhone", "not-a-phone"),
        (2, "email", "not-an-email"),
        (2, "age", "not-an-integer"),
        (2, "birthDate", "not-a-date"),
        (2, "gender", "control-character"),
        (2, "gender", "not-allowed"),
        (2, "zip", "not-an-integer"),
        (2, "consents.acceptsSms", "not-a-boolean"),
    ]
    assert found.filter(index=2)["value"].to_list()[2:5] == ["old", "1985-02-30", "x\0"]


def test_the_mask_is_as_long_as_the_frame():
    frame = pl.DataFrame({"f": ["1", None]})
    rules = field_rules(Field("f", "number"))
    assert faulty(frame, []).to_list() == [False, False]
    assert faulty(frame.clear(), rules).to_list() == []
    assert reasons(frame.clear(), rules).schema == REASONS


# --- the two judges ------------------------------------------------------------------------------

DIRTY = ["", "12,50", "NaN", "1e3", "two", "a\0", "2024-02-30", "maybe", "٣", "1.23456", "RETURN"]
OTHERS = ["PURCHASE", "RETURN", "+4712000141", "kari@example.com", "kari@", "Female"]


@st.composite
def frames(draw, fields, facts):
    """Rows of mostly good text, a few dirty; and the facts that rules read beside it."""
    columns = {}
    height = draw(st.integers(1, 6))
    for field in fields:
        good = list(field.allowed) or GOOD[field.kind]
        value = st.sampled_from(good * 5) | st.sampled_from([None, *good, *DIRTY, *OTHERS])
        few = draw(st.lists(value, min_size=1, max_size=2))
        columns[field.name] = (few * height)[:height]
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    made = {}
    for name, (values, dtype) in facts.items():
        drawn = draw(st.lists(values, min_size=height, max_size=height))
        made[name] = pl.Series(name, drawn, dtype=dtype)
    return frame.with_columns(made.values())


FLAG = (st.sampled_from([False, False, False, True]), pl.Boolean)
AMOUNTS = ("GrossAmount", "Vat", "NetAmount", "Discount")
REPEATED = [f"Header.{name}" for name in ("StoreId", "TimeStamp", "ConsumerId")]
LINE_FACTS = {"line_no_repeats": FLAG, "beside_unknown": FLAG}
RECEIPT_FACTS = {
    "time": (st.datetimes() | st.none(), pl.Datetime("us")),
    **{f"differs.{name}": FLAG for name in REPEATED},
    **{f"off.{a}": (st.none() | st.integers(-200, 200), pl.Int64) for a in AMOUNTS},
}
MEMBER_KINDS = {name: field.kind for name, field in MEMBER_FIELDS.items()}
CUSTOMER_KINDS = {name: field.kind for name, field in CUSTOMER_FIELDS.items()}
HEADER_ID = [RECEIPT_FIELDS["Header.ReceiptId"]]


def check_that_judges_agree(frame, rules):
    mask = faulty(frame, rules)
    found = reasons(frame, rules)
    assert mask.arg_true().to_list() == sorted(set(found["index"]))
    assert found.rows() == [
        (index, rule.field, rule.code, rule.message, frame[rule.field][index])
        for index in range(frame.height)
        for rule in rules
        if frame.select(rule.breaks).to_series()[index]
    ]
    judge = schema(rules)
    judge.validate(frame.filter(~mask), lazy=True)
    for index in mask.arg_true():
        with pytest.raises((pa.errors.SchemaErrors, pa.errors.SchemaError)):
            judge.validate(frame[index], lazy=True)


@settings(max_examples=8, deadline=None)
@given(frames([*ITEMS, *HEADER_ID], LINE_FACTS), st.sampled_from(["positive", "signed"]))
def test_judges_agree_on_lines(frame, returns):
    check_that_judges_agree(frame, line_rules(list(RECEIPT_FIELDS), returns=returns))


@settings(max_examples=8, deadline=None)
@given(frames(HEADER, RECEIPT_FACTS))
def test_judges_agree_on_receipts(frame):
    rules = receipt_rules(list(RECEIPT_FIELDS), REPEATED, tolerance=Decimal("0.01"))
    check_that_judges_agree(frame, rules)


@settings(max_examples=8, deadline=None)
@given(frames(MEMBER_FIELDS.values(), {}))
def test_judges_agree_on_members(frame):
    check_that_judges_agree(frame, member_rules(MEMBER_KINDS, TODAY))


@settings(max_examples=8, deadline=None)
@given(frames(CUSTOMER_FIELDS.values(), {}))
def test_judges_agree_on_customers(frame):
    check_that_judges_agree(frame, member_rules(CUSTOMER_KINDS, TODAY, ["mobilePhone"]))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    frames([*ITEMS, *HEADER_ID], LINE_FACTS),
    frames(HEADER, RECEIPT_FACTS),
    frames(MEMBER_FIELDS.values(), {}),
)
def test_judges_agree_on_many_rows(lines, receipts, members):
    names = list(RECEIPT_FIELDS)
    check_that_judges_agree(lines, line_rules(names))
    check_that_judges_agree(receipts, receipt_rules(names, REPEATED, tolerance=Decimal("0.01")))
    check_that_judges_agree(members, member_rules(MEMBER_KINDS, TODAY))


def test_no_rule_is_ever_undecided():
    nothing = {"line_no_repeats": [False], "beside_unknown": [False], "time": [None]}
    nothing |= {f"differs.{name}": [False] for name in REPEATED}
    nothing |= {f"off.{a}": [None] for a in AMOUNTS}
    names = {**RECEIPT_FIELDS, **MEMBER_FIELDS}
    dtypes = dict.fromkeys(names, pl.String) | {"time": pl.Datetime}
    dtypes |= {f"off.{a}": pl.Int64 for a in AMOUNTS}
    row = {name: [None] for name in names} | nothing
    frame = pl.DataFrame(row, schema_overrides=dtypes)
    rules = [
        *line_rules(list(RECEIPT_FIELDS)),
        *receipt_rules(list(RECEIPT_FIELDS), REPEATED, tolerance=Decimal(0)),
        *member_rules(MEMBER_KINDS, TODAY),
    ]
    for rule in rules:
        assert frame.select(rule.breaks).to_series().null_count() == 0, rule
