"""Members as XML, CSV and form fields, read back by parsers that share no code with the writers."""

import csv
import io
import json
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from delivery.batches import Envelope
from transforms.bodies import csv_header, make_csv, make_form, make_xml, tell_flat
from transforms.mapping import LISTED, FromColumn, map_columns
from transforms.members import encode_members

NASTY = st.sampled_from(
    ["]]>", "<!--", "&amp;", "&", "<", '"', '""', "'", "\r", "\n", "\r\n", "\t", ",", ";", "|", "=",
     "%41", "+", " ", "😀", "\u2028", "\u0085", "\ufeff", "007", "0", "null", ":null", "{}", "\\"]
)  # fmt: skip
TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\x00\x1f\ufffe\uffff")
PLAIN = st.lists(
    NASTY | st.text(TEXT.filter(lambda c: c in "\t\n\r" or c >= " "), min_size=1, max_size=5),
    min_size=1,
    max_size=4,
).map("".join)
SEPARATOR = "¦"
LISTS = st.lists(PLAIN.filter(lambda t: SEPARATOR not in t), min_size=1, max_size=3)
KINDS = {
    "externalId": "text",
    "name": "text",
    "zip": "zip",
    "age": "integer",
    "score": "number",
    "consents.acceptsSms": "boolean",
    "consents.extendedConsents.news": "boolean",
    "metaData.isVip": "boolean",
    "metaData.shoe": "text",
    "interests": "list",
    "more.inside.deep": "text",
}


@st.composite
def members(draw):
    """Give rows of text, and what each must come to: flat names and the texts that are sent."""
    names = [n for n in KINDS if n == "externalId" or draw(st.booleans())]
    rows, wanted = [], []
    for _ in range(draw(st.integers(1, 4))):
        row, told = dict.fromkeys(names), {}
        for name in names:
            if name != "externalId" and draw(st.booleans()):
                continue
            match KINDS[name]:
                case "boolean":
                    value = draw(st.sampled_from(["true", "false"]))
                case "integer":
                    value = str(draw(st.integers(-99, 10**12)))
                case "zip":
                    value = draw(st.sampled_from(["0553", "1010", "SW1A 1AA", "0"]))
                case "number":
                    value = str(draw(st.integers(-(10**8), 10**8)) / 8)
                    told[name] = value.removesuffix(".0")
                case "list":
                    texts = draw(LISTS)
                    value = LISTED.join(texts)
                    told[name] = SEPARATOR.join(texts)
                case _:
                    value = draw(PLAIN)
            row[name] = value
            told.setdefault(name, value)
        rows.append(row)
        wanted.append(told)
    return {name: KINDS[name] for name in names}, rows, wanted


def to_json(kinds, rows):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(kinds, pl.String))
    return encode_members(map_columns(frame, {n: FromColumn(n) for n in kinds}, None), kinds)


def read_xml(body):
    """Read the root and the members of a body: dotted names, each with its text."""

    def flat(element, path=""):
        inner = list(element)
        if not inner:
            return {path: element.text or ""}
        return {k: v for each in inner for k, v in flat(each, f"{path}.{each.tag}").items()}

    root = ET.fromstring(body)
    return root.tag, [{k[1:]: v for k, v in flat(each).items()} for each in root]


def xml_of(kinds, texts):
    write = make_xml(kinds, "member", SEPARATOR)
    head, tail = b'<?xml version="1.0" encoding="UTF-8"?>\n<members>\n', b"\n</members>\n"
    return Envelope(head, tail, b"\n", write).wrap(texts.to_frame("json"))


def csv_of(kinds, texts, delimiter):
    head = csv_header(kinds, delimiter).encode() + b"\r\n"
    envelope = Envelope(head, b"\r\n", b"\r\n", make_csv(kinds, delimiter, SEPARATOR))
    return envelope.wrap(texts.to_frame("json"))


@settings(max_examples=60, deadline=None)
@given(members(), st.sampled_from([",", ";", "\t", "|"]))
def test_each_format_holds_the_same_members(drawn, delimiter):
    kinds, rows, wanted = drawn
    texts = to_json(kinds, rows)
    assert read_xml(xml_of(kinds, texts)) == ("members", wanted)
    reader = csv.reader(
        io.StringIO(csv_of(kinds, texts, delimiter).decode(), newline=""),
        delimiter=delimiter,
        strict=True,
    )
    header, *lines = reader
    assert header == list(kinds)
    read = [{k: v for k, v in zip(header, line, strict=True) if v} for line in lines]
    assert read == wanted
    forms = make_form(kinds, SEPARATOR)(texts)
    asked = [dict(parse_qsl(form, strict_parsing=True, keep_blank_values=True)) for form in forms]
    assert asked == wanted


@settings(max_examples=30, deadline=None)
@given(members())
@example(({"externalId": "text"}, [{"externalId": "007"}], [{"externalId": "007"}]))
def test_what_is_told_flat_is_what_is_sent(drawn):
    kinds, rows, wanted = drawn

    def flat(value, path=""):
        if not isinstance(value, dict):
            return {path[1:]: value}
        return {
            k: v for key, inner in value.items() for k, v in flat(inner, f"{path}.{key}").items()
        }

    for text, told in zip(to_json(kinds, rows), wanted, strict=True):
        member = flat(json.loads(tell_flat(text, SEPARATOR)))
        assert member.keys() == told.keys()
        same = {n: str(v).lower() if isinstance(v, bool) else v for n, v in member.items()}
        for name, value in told.items():
            number = not isinstance(same[name], str)
            assert same[name] == (float(value) if number else value)


def test_one_member_to_the_letter():
    row = {
        "externalId": "0017",
        "name": 'Kari "K" <Å> & Co',
        "zip": "0553",
        "consents.acceptsSms": "true",
        "metaData.isVip": "false",
        "interests": f"Sport{LISTED}Food",
        "city": None,
    }
    kinds = dict.fromkeys(row, "text") | {"interests": "list", "zip": "zip"}
    kinds |= {"consents.acceptsSms": "boolean", "metaData.isVip": "boolean"}
    texts = to_json(kinds, [row])
    assert make_xml(kinds, "m", ";")(texts).item() == (
        '<m><externalId>0017</externalId><name>Kari "K" &lt;Å&gt; &amp; Co</name><zip>0553</zip>'
        "<consents><acceptsSms>true</acceptsSms></consents><metaData><isVip>false</isVip></metaData>"
        "<interests>Sport;Food</interests></m>"
    )
    assert csv_header(kinds, ";") == (
        "externalId;name;zip;consents.acceptsSms;metaData.isVip;interests;city"
    )
    assert make_csv(kinds, ";", "; ")(texts).item() == (
        '0017;"Kari ""K"" <Å> & Co";0553;true;false;"Sport; Food";'
    )
    assert make_form(kinds, ";")(texts).item() == (
        "externalId=0017&name=Kari%20%22K%22%20%3C%C3%85%3E%20%26%20Co&zip=0553"
        "&consents.acceptsSms=true&metaData.isVip=false&interests=Sport%3BFood"
    )


@pytest.mark.parametrize("cell", [" x", "x ", "\tx", 'a"b', "a,b", "a\nb", "a\rb"])
def test_what_could_be_read_otherwise_stands_in_quotes(cell):
    texts = to_json({"name": "text"}, [{"name": cell}])
    doubled = cell.replace('"', '""')
    assert make_csv({"name": "text"}, ",", ";")(texts).item() == f'"{doubled}"'
