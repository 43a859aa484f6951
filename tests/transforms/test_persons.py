"""Whoever is looked for is found however the key is spelled, and nobody else is."""

import phonenumbers
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.persons import NAMES, read_keys

KEYS = read_keys([" +47 912 34 567", "Kari@Example.no", "E-7", "7"])
PART = "\x1f"


def cells(*texts: str | None, named: bool = True) -> list[bool]:
    frame = pl.DataFrame({"cell": texts}, schema={"cell": pl.String})
    return frame.select(KEYS.cell(pl.col("cell"), named=named)).to_series().to_list()


def test_a_cell_that_names_a_person() -> None:
    phones = (
        "+4791234567",
        "0047 91 23 45 67",
        "4791234567",
        "(+47) 912-34-567",
        "+47 (0)91234567",
    )
    assert cells(*phones, " KARI@example.NO ", "E-7 ", "7") == [True] * 8
    assert cells("91234567", "912 34 567") == [True, True]
    others = (
        "+4691234567",
        "91234568",
        "e-7",
        "E-77",
        "17",
        "",
        None,
        "kari@example.no2",
        "x912345670",
    )
    assert cells(*others) == [False] * 9


def test_another_cell_may_hold_any_short_number() -> None:
    assert cells("91234567", "7", "E-7", named=False) == [False] * 3
    assert cells("+47 91234567", "kari@example.no", named=False) == [True, True]


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (f"mobilePhone{PART}+4791234567", True),
        (f"externalId{PART}7", True),
        (f"customerId{PART}1{PART}memberId{PART}7", True),
        (f"data.email{PART}kari@example.no", True),
        (f"cardId{PART}7", False),
        (f"7{PART}7{PART}PURCHASE", False),
        (f"7{PART}1{PART}RETURN{PART}1{PART}7", True),
        (f"externalId{PART}8", False),
        ("", False),
        (None, False),
    ],
)
def test_a_key_of_a_record(key: str | None, found: bool) -> None:  # noqa: FBT001
    frame = pl.DataFrame({"key": [key]}, schema={"key": pl.String})
    assert frame.select(KEYS.key(pl.col("key"))).item() == found


def test_the_id_of_other_things_is_no_persons() -> None:
    frame = pl.DataFrame({"key": [f"id{PART}7", f"memberId{PART}7"]})
    assert frame.select(KEYS.key(pl.col("key"), NAMES)).to_series().to_list() == [False, True]


def test_texts_that_quote_a_person() -> None:
    texts = {
        "mobilePhone (phone) '47 91 23 45 67 x': no phone": (True, True),
        "externalId '7': too short | zip 'x': no": (True, True),
        "merged into externalId 7 by its key; that one stands at line 9": (True, True),
        "zip (zip) '7': no zip": (False, True),
        "first at row 7": (False, True),
        "asked for kari@example.no.": (True, True),
        "91 23 45 678": (False, False),
        "okari@example.no": (False, False),
        "912345671990": (False, False),
    }
    frame = pl.DataFrame({"text": [*texts]})
    text = pl.col("text")
    told = frame.select(quoted=KEYS.quoted(text), mentioned=KEYS.mentioned(text))
    assert frame.filter(KEYS.mentioned(text) & ~KEYS.maybe(text)).is_empty()
    assert [*told.iter_rows()] == [*texts.values()]


def test_json_that_holds_a_person() -> None:
    texts = [
        '{"externalId":"7","zip":"1"}',
        '{"data":{"id": 7}}',
        '{"zip":"7"}',
        '{"x":"+4791234567"}',
    ]
    frame = pl.DataFrame({"json": texts})
    assert frame.select(KEYS.json(pl.col("json"))).to_series().to_list() == [
        True,
        True,
        False,
        True,
    ]


@given(
    region=st.sampled_from(["NO", "SE", "DK", "GB", "DE", "IT", "US"]),
    space=st.sampled_from(["", " ", "-", "."]),
    before=st.sampled_from(["", "tlf ", "a,", "'"]),
)
def test_any_countrys_number_is_found_as_it_is_dialled(
    region: str, space: str, before: str
) -> None:
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    style = phonenumbers.PhoneNumberFormat
    keys = read_keys([phonenumbers.format_number(number, style.E164)])
    spelled = [
        phonenumbers.format_number(number, each).replace(" ", space or " ")
        for each in (style.E164, style.INTERNATIONAL, style.NATIONAL)
    ]
    frame = pl.DataFrame({"text": spelled})
    assert frame.select(keys.cell(pl.col("text"), named=True)).to_series().all()
    text = before + pl.col("text") + ",1990"
    assert frame.select(keys.mentioned(text)).to_series().all()
    assert frame.select(keys.maybe(text)).to_series().all()


def test_thousands_of_keys_are_looked_for() -> None:
    keys = read_keys([f"+479{n:07}" for n in range(3000)] + [f"a{n}@b.no" for n in range(3000)])
    frame = pl.DataFrame({"text": ["x 9000 2999", "y +47 9 000 3000", "a2999@b.no", "a3000@b.no"]})
    assert frame.select(keys.mentioned(pl.col("text"))).to_series().to_list() == [
        *(True, False, True, False),
    ]
