"""Numbers in every style are the number that was meant, or none."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.numbers import MARKS, read_number

STYLES = [(d, t) for d in ".," for t in MARKS if d != t]
SPACES = st.sampled_from(" \u00a0\u2009\u202f")
SIGNS = st.sampled_from(["-{}", "\u2212{}", "{}-", "{} -", " -{} "])


def read(*texts, decimal=".", thousands="", whole=False):
    return read_number(pl.Series(texts, dtype=pl.String), decimal, thousands, whole=whole).to_list()


@st.composite
def written(draw):
    """Draw a style, numbers, and each of them as a person of that style might write it."""
    decimal, thousands = draw(st.sampled_from(STYLES))
    numbers = draw(st.lists(st.decimals(-(10**10), 10**10, places=2), min_size=1, max_size=6))
    texts = []
    for number in numbers:
        grouped = bool(thousands) and draw(st.booleans())
        whole, fraction = f"{abs(number):,.2f}".split(".")
        mark = draw(SPACES) if thousands == " " else thousands
        text = whole.replace(",", mark if grouped else "") + decimal + fraction
        negative = number < 0 or (number == 0 and number.is_signed())
        texts.append(
            draw(SIGNS).format(text) if negative else draw(st.sampled_from(["", "+"])) + text
        )
    return decimal, thousands, numbers, texts


@settings(max_examples=60, deadline=None)
@given(written())
def test_what_is_written_in_a_style_is_read_back(drawn):
    decimal, thousands, numbers, texts = drawn
    assert read(*texts, decimal=decimal, thousands=thousands) == [f"{n:.2f}" for n in numbers]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(STYLES), st.text("0123456789.,' -+\u2212\u00a0", max_size=9))
def test_anything_read_is_a_number_of_the_same_digits(style, text):
    (number,) = read(text, decimal=style[0], thousands=style[1])
    if number is not None:
        Decimal(number)
        assert [c for c in number if c.isdigit()] == [c for c in text if c.isdigit()]
        own = text.replace("\u2212", "-").strip().strip("+-").strip()
        assert number.count(".") == own.count(style[0])


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "number"),
    [
        (",", ".", "1.234", "1234"),
        (".", "", "1.234", "1.234"),
        (",", "", "1.234", None),
        (",", ".", "1.5", None),
        (",", ".", "1,234.5", None),
        (",", " ", "1,234.5", None),
        (".", ",", "1,234.5", "1234.5"),
        (".", ",", "1,23", None),
        (",", " ", "1 23", None),
        (",", " ", "1 234\u202f567,50", "1234567.50"),
        (".", "'", "1\u2019234.50", "1234.50"),
        (",", " ", "kr 5,00", None),
        (",", " ", "5,00 kr", None),
        (",", " ", "\u20ac5", None),
        (".", "", "1e5", None),
        (".", "", "5.", None),
        (".", "", ".5", None),
        (".", "", "-5-", None),
        (".", "", "+-5", None),
        (".", "", "", None),
        (".", "", "NaN", None),
        (".", "", "\u0663", None),
        (".", "", "007", "007"),
    ],
)
def test_nothing_is_guessed(decimal, thousands, text, number):
    assert read(text, None, decimal=decimal, thousands=thousands) == [number, None]


def test_a_whole_number_has_no_fraction():
    texts = ("1 234", "1,0", "12-", "x")
    assert read(*texts, decimal=",", thousands=" ", whole=True) == ["1234", None, "-12", None]
