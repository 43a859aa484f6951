"""Text in other encodings; what cannot be decoded is a reject, and nothing else is touched."""

import codecs
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import FileSource, SourceError, read, read_dialect
from connectors.files.blocks import Blocks
from connectors.files.decoding import UNREADABLE, Checker, Decoder, is_utf8, mend

ROWS = [(str(n), f"Ærlig Ødegård {n}") for n in range(3000)]
MADE = {
    "csv": "a,b\n" + "".join(f"{a},{b}\n" for a, b in ROWS),
    "json": json.dumps([{"a": a, "b": b} for a, b in ROWS], ensure_ascii=False),
    "ndjson": "".join(json.dumps({"a": a, "b": b}, ensure_ascii=False) + "\n" for a, b in ROWS),
    "xml": "<l>" + "".join(f"<r><a>{a}</a><b>{b}</b></r>" for a, b in ROWS) + "</l>",
    "fixed": "".join(f"{a:4}{b:20}\n" for a, b in ROWS),
}
WORDS = {"xml": {"record": "r"}, "fixed": {"fields": {"a": (1, 4), "b": (5, 20)}}}
NAMED = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp1252", "iso-8859-1",
         "iso-8859-15", "cp865", "cp850")  # fmt: skip
MARKED = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


@pytest.fixture
def load(tmp_path):
    """Read a file of these bytes."""

    def frame(data, format_="csv", *, block=0, **words):
        path = tmp_path / "a"
        path.write_bytes(data)
        source = FileSource(path, format_, ("a", "b"), **WORDS.get(format_, {}), **words)
        frames = list(read(source, _block=block))
        return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()

    return frame


def texts(frame):
    return frame.select("a", "b").rows()


@pytest.mark.slow
@pytest.mark.parametrize("format_", MADE)
@pytest.mark.parametrize("encoding", NAMED)
@pytest.mark.parametrize("block", [0, 4099])
def test_every_format_in_a_named_encoding(load, format_, encoding, block):
    data = MADE[format_].encode(encoding)
    assert texts(load(data, format_, block=block, encoding=encoding)) == ROWS


@pytest.mark.slow
@pytest.mark.parametrize("format_", MADE)
@pytest.mark.parametrize("encoding", MARKED)
@pytest.mark.parametrize("named", [False, True])
def test_a_byte_order_mark_says_it_alone(load, format_, encoding, named):
    data = MARKED[encoding] + MADE[format_].encode(encoding)
    words = {"encoding": encoding} if named else {}
    assert texts(load(data, format_, block=4099, **words)) == ROWS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_name_without_an_order_needs_the_mark(load, encoding):
    assert texts(load(MADE["csv"].encode(encoding), encoding=encoding)) == ROWS
    with pytest.raises(
        SourceError, match=f"no byte order mark.*say source.encoding: {encoding}-le"
    ):
        load(MADE["csv"].encode(f"{encoding}-le"), encoding=encoding)


@pytest.mark.parametrize("named", ["cp1252", "utf-8", "utf-16-be", "utf-32"])
def test_a_mark_that_contradicts_the_feed(load, named):
    with pytest.raises(SourceError, match=f"byte order mark of utf-16-le, not of {named}"):
        load(MADE["csv"].encode("utf-16"), encoding=named)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("utf-8", "utf-8"),
        ("US-ASCII", "utf-8"),
        ("utf-16", "utf-8"),
        ("UTF-16", "utf-16-le"),
        ("UTF-16", "utf-16"),
        ("ISO-8859-1", "utf-8-sig"),
    ],
)
def test_the_declaration_of_xml(load, declared, encoding):
    rows = ROWS[:600]  # some thirty blocks
    body = "".join(f"<r><a>{a}</a><b>{b}</b></r>" for a, b in rows)
    text = f'<?xml version="1.0" encoding="{declared}"?>\n<l>{body}</l>'
    assert texts(load(text.encode(encoding), "xml", block=997)) == rows


def test_the_feed_knows_better_than_the_declaration(load):
    text = f'<?xml version="1.0" encoding="utf-8"?>\n{MADE["xml"]}'
    assert texts(load(text.encode("cp1252"), "xml", encoding="cp1252")) == ROWS


@pytest.mark.parametrize("declared", ["x-unknown", "utf-7", "punycode", "hex", "idna"])
def test_a_declaration_that_nobody_knows(load, declared):
    text = f'<?xml version="1.0" encoding="{declared}"?>\n<l/>'
    with pytest.raises(SourceError, match=r"the XML declares the encoding .* which is not known"):
        load(text.encode(), "xml")


def test_a_declaration_in_another_format_is_text(load):
    data = b'a,b\n"<?xml encoding=""x""?>",1\n'
    assert texts(load(data)) == [('<?xml encoding="x"?>', "1")]


# --- bytes that cannot be decoded ----------------------------------------------------------------

TORN = {
    "csv": b"a,b\n1,good\n2,b\x9dd\n3,good\n",
    "json": b'[{"a":1,"b":"good"},{"a":2,"b":"b\x9dd"},{"a":3,"b":"good"}]',
    "ndjson": b'{"a":1,"b":"good"}\n{"a":2,"b":"b\x9dd"}\n{"a":3,"b":"good"}\n',
    "xml": b"<l><r><a>1</a><b>good</b></r><r><a>2</a><b>b\x9dd</b></r>"
    b"<r><a>3</a><b>good</b></r></l>",
    "fixed": b"1   good\n2   b\x9dd\n3   good\n",
}


@pytest.mark.parametrize("format_", TORN)
@pytest.mark.parametrize("encoding", [None, "utf-8", "cp1252"])
@pytest.mark.parametrize("block", [0, 5, 60])
def test_a_row_with_a_byte_of_no_character_is_a_fault(load, format_, encoding, block):
    frame = load(TORN[format_], format_, encoding=encoding, block=block)
    first = {"csv": 2}.get(format_, 1)
    assert frame["_row"].to_list() == [first, first + 1, first + 2]
    assert texts(frame) == [("1", "good"), (None, None), ("3", "good")]
    assert frame["_fault"].is_null().to_list() == [True, False, True]
    why, raw = frame["_fault"][1], frame["_raw"][1]
    assert f"holds a byte that is not {(encoding or 'utf-8').upper()} (character 2 of 'b'" in why
    assert ("if the file is cp1252, say source.encoding: cp1252" in why) == (encoding is None)
    assert "b\ufffdd" in raw
    assert "b\ufffdd" in why
    assert UNREADABLE not in why + raw


@pytest.mark.parametrize("format_", ["csv", "json", "ndjson", "xml"])
def test_a_whole_file_in_an_encoding_that_nobody_named(load, format_):
    frame = load(MADE[format_].encode("cp1252"), format_, block=4099)
    assert frame.height == len(ROWS)
    assert frame["_fault"].null_count() == 0
    assert frame["_raw"][0].count("\ufffd") == 3


def test_the_items_of_a_record_fall_with_it(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(
        b'[{"a":1,"i":[{"n":1},{"n":2}]},{"a":2,"i":[{"n":3},{"n":"\xff"}]},{"a":3,"i":[]}]'
    )
    (frame,) = read(FileSource(path, "json", ("a", "i.n"), items="i"))
    assert frame.select("_row", "a", "i.n").rows() == [
        (1, "1", "1"), (1, "1", "2"), (2, None, None), (3, "3", None)
    ]  # fmt: skip
    assert json.loads(frame["_raw"][2]) == [{"a": "2", "i.n": "3"}, {"a": "2", "i.n": "\ufffd"}]


def test_what_is_wrong_for_another_reason_shows_it_as_well(load):
    frame = load(b"a,b\n1,2,\xff\n3,4\n")
    assert frame["_fault"][0] == "expected 2 fields, found 3: 1,2,\ufffd"
    assert frame["_raw"][0] == "1,2,\ufffd"
    assert texts(frame)[1] == ("3", "4")


def test_half_a_character_at_the_end(load):
    frame = load("a,b\n1,2\n3,æ".encode("utf-16")[:-1])
    assert texts(frame) == [("1", "2"), (None, None)]
    frame = load(b"a,b\n1,2\n3,\xc3")
    assert frame["_raw"][1] == "3,\ufffd"


def test_a_header_that_cannot_be_read(load):
    with pytest.raises(SourceError) as caught:
        load(b"a,b,\xc5r\n1,2,3\n")
    assert "is not UTF-8" in str(caught.value)
    assert UNREADABLE not in str(caught.value)


@pytest.mark.parametrize("encoding", [*NAMED, *MARKED])
def test_rejects_of_another_encoding_begin_with_a_mark(tmp_path, encoding):
    path = tmp_path / "a"
    path.write_bytes(MADE["csv"].encode(encoding))
    source = FileSource(path, "csv", ("a", "b"), encoding=encoding)
    assert read_dialect(source).bom == (encoding != "utf-8")


# --- the pieces ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode), st.integers(1, 9))
def test_any_bytes_become_utf8_whatever_the_blocks(data, size):
    whole = mend(data)
    assert is_utf8(whole)
    assert is_utf8(data) == (whole == data)
    for make in (Checker, lambda: Decoder("utf-8")):
        decoder = make()
        pieces = [decoder.decode(data[n : n + size], at_end=False)
                  for n in range(0, len(data), size)]  # fmt: skip
        pieces.append(decoder.decode(b"", at_end=True))
        assert all(map(is_utf8, pieces))
        assert b"".join(pieces).decode().replace(UNREADABLE, "") == whole.decode().replace(
            UNREADABLE, ""
        )
        assert decoder.unreadable == (UNREADABLE in whole.decode()) or UNREADABLE.encode() in data


@settings(deadline=None)
@given(st.text(max_size=50), st.sampled_from([*NAMED, *MARKED]), st.integers(1, 9))
def test_any_text_comes_through_any_encoding(text, encoding, size):
    data = text.encode(encoding, "ignore")
    decoder = Decoder(encoding)
    pieces = [decoder.decode(data[n : n + size], at_end=False) for n in range(0, len(data), size)]
    pieces.append(decoder.decode(b"", at_end=True))
    assert b"".join(pieces).decode() == data.decode(encoding)
    assert not decoder.unreadable or UNREADABLE in text


def test_blocks_mend_what_they_are_asked_to(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"ab\xff")
    with Blocks(path, 10) as blocks:
        data = blocks.more(b"")
        assert not blocks.unreadable
        assert blocks.decode(data) == f"ab{UNREADABLE}"
        assert blocks.unreadable
        assert blocks.mend(data) == f"ab{UNREADABLE}".encode()
        blocks.tell("rows", "3")
        blocks.tell("rows", "4")
        assert blocks.told == {"rows": ["3", "4"]}
