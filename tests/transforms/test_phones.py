"""Phones into E.164: what is written how, and the patterns held against the library."""

import re

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.phones import DOUBTFUL, _ask, read_phone

HOMES = ["", "NO", "SE", "DK", "FI", "DE", "GB", "US", "IT", "PL"]


def read(text, region="", check="valid"):
    return read_phone(pl.Series([text], dtype=pl.String), region, check).item()


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+4790000000", "", "+4790000000"),
        ("+47 900 00 000", "", "+4790000000"),
        ("(+47) 900-00-000", "", "+4790000000"),
        ("0047 90 00 00 00", "", "+4790000000"),
        ("+47 (0) 900 00 000", "", "+4790000000"),
        ("900\N{NO-BREAK SPACE}00\N{NON-BREAKING HYPHEN}000", "NO", "+4790000000"),
        ("900.00.000", "NO", "+4790000000"),
        ("4790000000", "NO", "+4790000000"),
        ("4790000000", "", None),
        ("90000000", "", None),
        ("070-174 06 05", "SE", "+46701740605"),
        ("+46 (0)70-174 06 05", "NO", "+46701740605"),
        ("46701740605", "SE", "+46701740605"),
        ("46701740605", "NO", None),
        ("0046701740605", "NO", "+46701740605"),
        ("0046701740605", "US", "+46701740605"),
        ("+39 (0)6 1234 5678", "NO", "+390612345678"),
        ("12000141", "NO", None),
        ("+4712000141", "NO", None),
        ("9000000", "NO", None),
        ("900000001", "NO", None),
        ("90000000/91111111", "NO", None),
        ("4,79E+09", "NO", None),
        ("1-800-FLOWERS", "US", None),
        ("+1 800 FLOWERS", "", None),
        ("90000000 ext. 5", "NO", None),
        ("+47\N{ARABIC-INDIC DIGIT NINE}0000000", "", None),
        ("+4790\n000000", "", None),
        ("++4790000000", "", None),
        ("+", "NO", None),
        ("+47", "NO", None),
        ("-", "NO", None),
        ("O90000000", "NO", None),
        ("", "NO", None),
        (None, "NO", None),
    ],
)
def test_how_people_write_phones(text, region, number):
    assert read(text, region) == number


def test_possible_takes_numbers_of_the_right_length():
    assert read("+4712000141", "", "possible") == "+4712000141"
    assert read("12 00 01 41", "NO", "possible") == "+4712000141"
    assert read("+471200014", "", "possible") is None
    assert read("+123456789012345", "", "possible") is None


DIGITS = st.text("0123456789", min_size=4, max_size=12)
CODES = st.sampled_from(
    [
        "+47",
        "47",
        "+46",
        "46",
        "+46(0)",
        "+47(0)",
        "+39(0)",
        "+45",
        "+49",
        "+358",
        "+44",
        "+1",
        "+39",
        "00",
        "0",
        "+",
    ]
)
REAL = st.sampled_from(HOMES[1:]).flatmap(
    lambda home: st.sampled_from([0, 1]).map(
        lambda kind: phonenumbers.example_number_for_type(home, kind)
    )
).map(lambda number: (str(number.country_code), str(number.national_number)))  # fmt: skip
ALMOST = st.tuples(
    REAL, st.sampled_from(["+", "", "00"]), st.sampled_from(["", "(0)"]), st.integers(0, 99)
).map(lambda drawn: f"{drawn[1]}{drawn[0][0]}{drawn[2]}{drawn[0][1][:-2]}{drawn[3]:02}")
NUMBERS = st.tuples(CODES | st.just(""), DIGITS).map("".join) | ALMOST


@settings(max_examples=30, deadline=None)
@given(
    st.lists(NUMBERS, min_size=1, max_size=30),
    st.sampled_from(HOMES),
    st.sampled_from(["valid", "possible"]),
)
def test_the_patterns_say_what_the_library_says(texts, region, check):
    read = read_phone(pl.Series(texts), region, check).to_list()
    plain = [re.sub("^00", "+", text.replace("(0)", DOUBTFUL)) for text in texts]
    assert read == [_ask(text, region, check) for text in plain]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text() | st.text("+0123456789 ()-/"), max_size=8), st.sampled_from(HOMES))
def test_no_text_ends_it_and_what_is_read_is_read_again_as_it_is(texts, region):
    read = read_phone(pl.Series(texts, dtype=pl.String), region, "valid")
    assert read.drop_nulls().str.contains("^[+][1-9][0-9]{3,16}$").all()
    assert read_phone(read, region, "valid").equals(read)
