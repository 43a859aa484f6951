"""The words of a mapping, from rows of the source to what is sent or said."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cli.reasons import bare_reasons
from pipelines.feeds import LoadFeed
from pipelines.feeds.mapping import columns_of
from pipelines.shaping import make_shaper, map_rows, source_columns, whole_records

LINES = {
    "Header.StoreId": "store",
    "Header.ReceiptId": "receipt",
    "Header.TimeStamp": "time",
    "Items.LineNo": "line",
    "Items.Quantity": "quantity",
    "Items.ProductId": "product",
    "Items.GrossAmount": "gross",
}
SKIPPED = "does not exist: clocks went forward past it"
VALUES = ["1", "17", "2024-01-31T14:50:05", "1", "1", "P", "12.50"]
LINE = dict(zip(LINES.values(), VALUES, strict=True))


def feed_of(mapping, values=None, endpoint="POST /import", **words):
    """Make a feed of members, or of receipts."""
    source = {"path": "a.csv"} | words.pop("source", {})
    given = {"source": source, "target": {"endpoint": endpoint}, "mapping": mapping} | words
    return LoadFeed.model_validate(given | {"values": values or {}})


def members(mapping, *rows, values=None):
    """Shape members; give those sent, and the reasons of the others."""
    feed = feed_of({"externalId": "no"} | mapping, values)
    schema = {"_row": pl.Int64} | dict.fromkeys(source_columns(feed), pl.String)
    numbered = [{"_row": n, "no": str(n)} | row for n, row in enumerate(rows, 2)]
    shaped = make_shaper(feed)(pl.DataFrame(numbered, schema=schema))
    sent = [json.loads(text) for text in shaped.records["json"]]
    return sent, shaped.refused["reasons"].to_list()


def receipts(mapping, *rows, values=None, **words):
    """Shape receipts of one line each; give all that came of them."""
    settings = {"vat_percent": "25"} | words
    feed = feed_of(LINES | mapping, values, "POST /transactions", receipts=settings)
    schema = {"_row": pl.Int64} | dict.fromkeys(source_columns(feed), pl.String)
    numbered = [{"_row": n} | LINE | {"receipt": str(n)} | row for n, row in enumerate(rows, 2)]
    return make_shaper(feed)(pl.DataFrame(numbered, schema=schema))


def field(shaped, part, name):
    whole = [json.loads(text) for text in shaped.records["json"]]
    return [(r["Header"] if part == "Header" else r["Items"][0]).get(name) for r in whole]


EVERY_WORD = {
    "mobilePhone": {"first_of": ["a", "b"]},
    "name": {"join": ["c", "d"], "with": " "},
    "lastName": {"split": "e", "at": " ", "part": -1},
    "gender": {"column": "f", "lookup": {"1": "Female"}},
    "city": {"template": "{g} {h.i}"},
    "country": {"constant": "NO"},
    "consents.acceptsSms": {
        "when": {"column": "j", "is": ["J"]}, "then": "true", "otherwise": {"column": "k"}
    },
    "phone": {"function": "norwegian_phone", "columns": ["l"]},
    "zip": {"column": "m", "extract": "([0-9]{4})", "type": "text"},
}  # fmt: skip


def test_every_column_that_a_word_uses_is_read():
    feed = feed_of({"externalId": "no"} | EVERY_WORD)
    assert source_columns(feed) == ("no", *"abcdefg", "h.i", *"jklm")
    assert columns_of(feed.mapping["country"]) == ()


def test_every_word_at_once():
    row = {
        "a": "",
        "b": "+4790000000",
        "c": "Kari",
        "d": "Nordmann",
        "e": "Kari Nordmann",
        "f": "1",
        "g": "Oslo",
        "h.i": "V",
        "j": "N",
        "k": "nei",
        "l": "900 00 000",
        "m": "N-0553",
    }
    (sent,), reasons = members(EVERY_WORD, row)
    assert reasons == []
    assert sent == {
        "externalId": "2", "mobilePhone": "+4790000000", "name": "Kari Nordmann",
        "lastName": "Nordmann", "gender": "Female", "city": "Oslo V", "country": "NO",
        "consents": {"acceptsSms": False}, "phone": "+4790000000", "zip": "0553",
    }  # fmt: skip


def test_rows_are_shown_as_they_are_mapped():
    feed = feed_of({"externalId": "no", "age": "a", "vip": {"column": "v", "type": "boolean"}})
    rows = pl.DataFrame({"_row": [2], "no": ["1"], "a": ["x"], "v": ["Ja"]})
    assert map_rows(feed, rows).to_dicts() == [{"externalId": "1", "age": "x", "vip": "true"}]


def test_a_miss_of_a_lookup_is_told_once_with_its_text():
    lookup = {"gender": {"column": "f", "lookup": {"1": "Female"}}}
    assert members(lookup, {"f": "1"}, {"f": "7"}, {"f": None}) == (
        [{"externalId": "2", "gender": "Female"}, {"externalId": "4"}],
        ["gender (f) '7': is not in the lookup"],
    )


ERRORS = [
    ("reject", None, []),
    (None, None, [{"externalId": "2"}]),
    ("default", "1900-01-01", [{"externalId": "2", "birthDate": "1900-01-01T00:00:00"}]),
]


@pytest.mark.parametrize(("on_error", "default", "sent"), ERRORS)
@pytest.mark.parametrize("born", ["31.02.1980", "soon", "01.01.2999", "1980-01-01"])
def test_what_becomes_of_an_error(on_error, default, sent, born):
    words = {"column": "born", "date": "%d.%m.%Y", "on_error": on_error, "default": default}
    made, reasons = members({"birthDate": words}, {"born": born})
    assert made == sent
    assert len(reasons) == (not sent)


def test_errors_are_those_of_any_rule_of_the_value():
    words = {"on_error": "default", "default": "Female"}
    lookup = {"gender": {"column": "f", "lookup": {"1": "Male", "2": "?"}, **words}}
    mapping = lookup | {"email": {"column": "m", "on_error": None}}
    sent, reasons = members(mapping, {"f": "1", "m": "x"}, {"f": "2"}, {"f": "3", "m": "a@b.no"})
    assert reasons == []
    assert [m.get("gender") for m in sent] == ["Male", "Female", "Female"]
    assert [m.get("email") for m in sent] == [None, None, "a@b.no"]


def test_the_usual_words_are_read_without_being_told():
    mapping = {
        "gender": "g", "consents.acceptsSms": "c", "age": "a", "birthDate": "b",
        "x": {"column": "n", "type": "number"},
    }  # fmt: skip
    row = {"g": "Kvinna", "c": "Ja", "a": " 12 ", "b": "1980-02-28T00:00:00", "n": "\u221212.5"}
    (sent,), _ = members(mapping, row)
    assert sent == {
        "externalId": "2", "gender": "Female", "age": 12, "birthDate": "1980-02-28T00:00:00",
        "x": -12.5, "consents": {"acceptsSms": True},
    }  # fmt: skip


def test_amounts_of_a_style_and_what_is_not_of_it():
    rows = [{"gross": g} for g in ("1 234,50", "12,5", "12.50", "1,234.5", "x", "12,50-")]
    shaped = receipts({}, *rows, values={"decimal": ",", "thousands": " "})
    assert field(shaped, "Items", "GrossAmount") == [1234.5, 12.5, -12.5]
    told = "not a number such as 1 234,50"
    assert shaped.refused["reasons"].to_list() == [
        f"Items.GrossAmount (gross) '12.50': {told}",
        f"Items.GrossAmount (gross) '1,234.5': {told}",
        f"Items.GrossAmount (gross) 'x': {told}",
    ]


def test_a_field_may_have_a_style_of_its_own():
    own = {"Items.Quantity": {"column": "quantity", "decimal": "."}}
    own["Items.Vat"] = {"constant": "2.50"}
    shaped = receipts(own, {"quantity": "1.5", "gross": "12,50"}, values={"decimal": ","})
    assert field(shaped, "Items", "Quantity") == [1.5]
    assert field(shaped, "Items", "Vat") == [2.5]


def test_times_of_a_style():
    times = ["31.01.2024 14:50", "31.01.2024 25:00", "2024-01-31T14:50:05", "31.3.2024 02:30"]
    values = {"time": "%d.%m.%Y %H:%M", "time_zone": "Europe/Oslo"}
    shaped = receipts({}, *({"time": t} for t in times), values=values)
    assert field(shaped, "Header", "TimeStamp") == ["2024-01-31T14:50:00"]
    told = "not a date and time such as 31.01.2024 14:50"
    assert shaped.refused["reasons"].to_list() == [
        f"Header.TimeStamp (time) '31.01.2024 25:00': {told}",
        f"Header.TimeStamp (time) '2024-01-31T14:50:05': {told}",
        f"Header.TimeStamp (time) '2024-03-31T02:30:00': {SKIPPED}",
    ]


def test_times_of_another_zone():
    values = {"time": "epoch"}
    assert field(receipts({}, {"time": "1706745005"}, values=values), "Header", "TimeStamp") == [
        "2024-02-01T00:50:05"
    ]
    values = {"time_zone": "UTC"}
    shaped = receipts({}, {"time": "2024-06-30T22:30:00"}, values=values)
    assert field(shaped, "Header", "TimeStamp") == ["2024-07-01T00:30:00"]


def test_an_hour_that_never_was_is_odd_where_no_zone_is_named():
    shaped = receipts({}, {"time": "2024-03-31T02:30:00"})
    assert field(shaped, "Header", "TimeStamp") == ["2024-03-31T02:30:00"]
    assert shaped.warnings == {
        "receipts are of an hour that never was, when clocks went forward": 1
    }


def test_an_hour_that_comes_twice():
    row = {"time": "2024-10-27T02:30:00"}
    shaped = receipts({}, row, {})
    assert list(shaped.warnings.values()) == [1]
    assert shaped.records.height == 2
    shaped = receipts({}, row, {}, values={"repeated_hour": "reject"})
    assert (shaped.warnings, shaped.records.height) == ({}, 1)
    assert shaped.refused["reasons"][0].endswith("': came twice: clocks went back to it")
    values = {"time_zone": "Europe/Oslo", "repeated_hour": "last"}
    shaped = receipts({}, row, values=values, time_zone="UTC")
    assert field(shaped, "Header", "TimeStamp") == ["2024-10-27T01:30:00"]


def test_a_header_that_a_lookup_misses_on_any_line_is_told():
    table = {"Header.StoreId": {"column": "store", "lookup": {"A": "1"}}}
    rows = [{"store": "A", "receipt": "7"}, {"store": "1", "receipt": "7", "line": "2"}]
    shaped = receipts(table, *rows)
    assert shaped.records.is_empty()
    told = "Header.StoreId (store) '1': is not in the lookup"
    assert shaped.refused["reasons"].to_list() == [told]


def test_receipts_are_cut_by_what_they_are_mapped_to():
    """Their id is a part of a column that differs on every line."""
    own = {"Header.ReceiptId": {"column": "receipt", "extract": "^([0-9]+)"}}
    feed = feed_of(LINES | own, None, "POST /transactions", receipts={"vat_percent": "25"})
    lines = [LINE | {"receipt": f"{n // 3}-{n % 3}", "line": str(n % 3 + 1)} for n in range(12)]
    rows = pl.DataFrame([{"_row": n} | line for n, line in enumerate(lines, 2)])
    frames = list(whole_records([rows.slice(n, 2) for n in range(0, 12, 2)], feed))
    assert [f.height for f in frames] == [3, 3, 3, 3]
    shaper = make_shaper(feed)
    assert [r for f in frames for r in shaper(f).records["rows"]] == [3, 3, 3, 3]


def test_a_cleared_key_is_a_reject_and_another_key_may_be_cleared():
    rows = [
        {"m": "#N/A", "e": "#N/A"},
        {"no": "#N/A", "m": "+4790000000"},
        {"no": None, "m": "#N/A", "e": "a@b.no"},
        {"no": None, "m": "+4790000000", "e": "#N/A"},
    ]
    sent, reasons = members({"mobilePhone": "m", "email": "e"}, *rows)
    assert sent == [
        {"externalId": "2", "mobilePhone": None, "email": None},
        {"mobilePhone": "+4790000000", "email": None},
    ]
    told = "names the member, so it cannot be cleared"
    assert reasons == [f"externalId (no): {told}", f"mobilePhone (m): {told}"]


def test_another_text_clears_or_none_does():
    rows = [{"no": "1", "c": "#N/A"}, {"no": "2", "c": "-"}]
    for clear, sent in (("-", ["#N/A", None]), (None, ["#N/A", "-"])):
        found, reasons = members({"externalId": "no", "city": "c"}, *rows, values={"clear": clear})
        assert ([member["city"] for member in found], reasons) == (sent, [])


def test_blanks_around_a_value_are_none_of_it():
    rows = [
        {"no": "1 ", "c": "\tOslo", "m": " #N/A "},
        {"no": "2", "c": "  ", "m": "+4790000000 "},
        {"no": "   ", "c": "Bergen", "m": ""},
    ]
    sent, reasons = members({"externalId": "no", "city": "c", "mobilePhone": "m"}, *rows)
    assert sent == [
        {"externalId": "1", "city": "Oslo", "mobilePhone": None},
        {"externalId": "2", "mobilePhone": "+4790000000"},
    ]
    (told,) = reasons
    assert "has none of externalId, mobilePhone" in told


def test_blanks_around_the_values_of_receipts_are_none_of_them():
    shaped = receipts({"Header.ConsumerId": "customer"}, {"customer": " 77 ", "product": "A 1 "})
    assert field(shaped, "Header", "ConsumerId") == ["77"]
    assert field(shaped, "Items", "ProductId") == ["A 1"]


def test_what_is_cleared_in_a_receipt_is_missing_or_left_out():
    own = {"Header.ConsumerId": "customer"}
    shaped = receipts(own, {"customer": "#N/A"}, {"product": "#N/A"})
    assert field(shaped, "Header", "ConsumerId") == [None]
    assert shaped.refused["reasons"].to_list() == ["Items.ProductId (product): has no value"]


def test_reasons_of_values_are_told_without_them():
    feed = feed_of({"externalId": "no", "age": "a"}, {"thousands": " "})
    rows = pl.DataFrame({"_row": [2], "no": ["1"], "a": ["12,5"]})
    refused = make_shaper(feed)(rows).refused
    outcomes = refused.select("reasons", outcome=pl.lit("rejected"), batch=pl.lit(None, pl.Int64))
    assert bare_reasons(outcomes.lazy(), feed).collect()["why"].to_list() == [
        ["age: not a whole number"]
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "a": st.sampled_from(["Ja", "true", "1", "x", None]),
                "b": st.sampled_from(["1980-01-01", "1980-01-01T10:00", "x", None]),
                "n": st.sampled_from(["12", "12-", "\u221212", " ", "x"]),
            }
        ),
        min_size=2,
        max_size=8,
    )
)
def test_a_member_does_not_depend_on_its_neighbours(rows):
    mapping = {"vip": {"column": "a", "type": "boolean"}, "birthDate": "b", "age": "n"}
    rows = [{"no": str(n)} | row for n, row in enumerate(rows)]
    together = members(mapping, *rows)
    alone = [members(mapping, row) for row in rows]
    assert together == (
        [m for sent, _ in alone for m in sent],
        [r for _, why in alone for r in why],
    )


def test_the_example_of_a_lookup_file(tmp_path: Path):
    (tmp_path / "genders.csv").write_text("raw,value\nK,Female\n")
    words = {"externalId": "no", "gender": {"column": "g", "lookup": "genders.csv"}}
    given = {"source": {"path": "a.csv"}, "target": {"endpoint": "POST /import"}, "mapping": words}
    feed = LoadFeed.model_validate(given, context={"folder": tmp_path})
    rows = pl.DataFrame({"_row": [2], "no": ["1"], "g": ["K"]})
    assert make_shaper(feed)(rows).records["json"].item() == '{"externalId":"1","gender":"Female"}'


def phones(values, *texts):
    rows = [{"no": str(n), "m": text} for n, text in enumerate(texts)]
    sent, reasons = members({"mobilePhone": "m"}, *rows, values=values)
    return [member.get("mobilePhone") for member in sent], reasons


def test_phones_become_e164_as_the_region_says():
    assert phones({"region": "NO"}, "900 00 000", "+46 (0)70-174 06 05", " ", "12000141") == (
        ["+4790000000", "+46701740605", None],
        ["mobilePhone (m) '12000141': not a phone number of NO, nor one with its country code"],
    )
    assert phones({"region": "NO", "phones": "possible"}, "12000141")[0] == ["+4712000141"]
    assert phones({"phones": "valid"}, "+4712000141")[0] == []


@pytest.mark.parametrize("values", [{}, {"region": "NO"}, {"phones": "possible"}])
def test_a_phone_of_too_few_digits_is_told_so(values):
    _, reasons = phones(values, "123", "+47 12", "(12)-345")
    assert [reason.partition(": ")[2] for reason in reasons] == ["not a complete phone number"] * 3


def test_a_phone_without_a_country_code_is_told_what_it_lacks():
    assert phones({}, "0047 900 00 000", "+4712000141", "900 00 000", "none") == (
        ["+4790000000", "+4712000141"],
        [
            "mobilePhone (m) '900 00 000': has no country code: set values.region, such as NO",
            "mobilePhone (m) 'none': not a phone number such as +4712345678",
        ],
    )


def test_a_phone_that_is_wrong_may_be_left_out():
    mapping = {"mobilePhone": {"column": "m", "on_error": None}}
    assert members(mapping, {"m": "call me"}) == ([{"externalId": "2"}], [])


def test_other_fields_may_be_phones_countries_and_e_mails():
    mapping = {
        "extendedProperties.home": {"column": "p", "type": "phone"},
        "extendedProperties.mail": {"column": "e", "type": "email"},
        "country": {"column": "c", "type": "country"},
    }
    rows = [{"p": "22 22 22 22", "e": "A@B.NO", "c": "Norge"}, {"p": "x", "e": "y", "c": "Nrge"}]
    sent, (reasons,) = members(mapping, *rows, values={"region": "NO"})
    own = {"home": "+4722222222", "mail": "A@b.no"}
    assert sent == [{"externalId": "2", "extendedProperties": own, "country": "NO"}]
    assert reasons.count(" | ") == 2
    assert "country (c) 'Nrge': not a country such as NO, NOR or Norge" in reasons


def test_lists_are_made_of_columns_and_their_parts():
    mapping = {
        "favoriteStores": {"list": ["s"], "at": "|"},
        "interests": {"list": ["a", "b", "c"]},
        "consents.extendedConsents.digital": "d",
    }
    rows = [
        {"s": " S1 | |S2|S1", "a": "Sport", "b": "", "c": "Film", "d": "ja"},
        {"s": "#N/A", "a": "#N/A", "b": "x"},
        {"s": "|", "a": "bad\0"},
    ]
    sent, reasons = members(mapping, *rows)
    assert sent == [
        {
            "externalId": "2",
            "favoriteStores": ["S1", "S2"],
            "interests": ["Sport", "Film"],
            "consents": {"extendedConsents": [{"id": "digital", "value": True}]},
        },
        {"externalId": "3", "favoriteStores": None, "interests": ["x"]},
    ]
    assert reasons == ["interests (a, b, c) 'bad\0': holds a control character"]


@pytest.mark.parametrize(
    ("words", "sent"),
    [({}, [553, 1010]), ({"zip": "text"}, ["0553", "1010"]), ({"zip": "number"}, ["0553", 1010])],
)
def test_a_zip_is_sent_as_the_feed_says(words, sent):
    rows = [{"z": "0553"}, {"z": " 1010"}]
    assert [m["zip"] for m in members({"zip": "z"}, *rows, values=words)[0]] == sent


def test_zips_that_are_no_numbers_are_counted():
    feed = feed_of({"externalId": "n", "zip": "z"}, {"zip": "number"})
    rows = pl.DataFrame({"_row": [2, 3], "n": ["1", "2"], "z": ["0553", "1010"]})
    told = {"zips sent as text, for a number would lose a zero or letters": 1}
    assert make_shaper(feed)(rows).warnings == told
