from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import SourceError

COLUMNS = "Head.Store Head.Time Items.Item.No Items.Item.Name Note"
OPTIONS = {"record": "Receipt", "items": "Items.Item"}
CHARS = st.sampled_from(["a", "é", "🙂", " ", "\n", "<", ">", "&", '"', "'", "]]>", "&amp;", "5"])
TEXT = st.none() | st.lists(CHARS, min_size=1, max_size=4).map("".join)
NOISE = st.sampled_from(["", "", "", " ", "\n  ", "<!-- </Receipt><Item> -->", "<?pi </Receipt>?>"])


def one_of_each(*parts):
    """Elements in any order, some of them absent, with noise between them."""
    return st.permutations(parts).flatmap(lambda order: st.tuples(*order)).map(dict)


@st.composite
def leaf(draw, name, value):
    """One way to write an element with a text."""
    if value is None:
        return draw(st.sampled_from(["", f"<{name}/>", f"<{name}></{name}>", f"<{name} />"]))
    ways = ["plain", "plain", "plain", "entity", "cdata", "number", "comment"]
    way = draw(st.sampled_from(ways))
    text = escape(value)
    if way == "entity":
        text = escape(value, {'"': "&quot;", "'": "&apos;"})
    elif way == "cdata":
        text = "<![CDATA[" + value.replace("]]>", "]]]]><![CDATA[>") + "]]>"
    elif way == "number":
        text = "".join(f"&#{ord(c)};" if c in "a<" else escape(c) for c in value)
    elif way == "comment":
        text = escape(value[:1]) + "<!--x-->" + escape(value[1:])
    attribute = draw(st.sampled_from(["", "", "", ' id="1"', " "]))
    return f"<{name}{attribute}>{text}</{name}>"


@st.composite
def document(draw, *, plain=False):
    """An XML document and the rows it stands for."""
    noise = st.sampled_from(["", "\n"]) if plain else NOISE

    def put(*parts):
        ordered = draw(st.permutations(parts))
        return "".join(draw(noise) + part for part in ordered) + draw(noise)

    def write(name, value):
        if plain:
            return "" if value is None else f"<{name}>{escape(value)}</{name}>"
        return draw(leaf(name, value))

    records, rows = [], []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        store, time, note = draw(TEXT), draw(TEXT), draw(TEXT)
        items = draw(st.lists(st.tuples(TEXT, TEXT), max_size=2))
        inner = [
            put(write("No", no), write("Name", name), write("Name2", no)) for no, name in items
        ]
        body = put(
            "<Head>" + put(write("Store", store), write("Time", time)) + "</Head>",
            "<Items>" + "".join(f"<Item>{text}</Item>{draw(noise)}" for text in inner) + "</Items>",
            write("Note", note),
            write("Other", note),
        )
        records.append(f"<Receipt>{body}</Receipt>{draw(noise)}")
        rows += [(number, store, time, no, name, note) for no, name in items or [(None, None)]]
    root = draw(st.sampled_from(["Receipts", "r"] if plain else ["Receipts", 'r xmlns="urn:x"']))
    text = f"<{root}>{draw(noise)}{''.join(records)}</{root.split()[0]}>\n"
    return draw(st.sampled_from(["", '<?xml version="1.0" encoding="UTF-8"?>\n'])) + text, rows


@settings(max_examples=30, deadline=None)
@given(document(), st.integers(1, 90))
def test_records_come_back_as_they_were_written(desk, written, block):
    text, rows = written
    assert desk.rows(text, "xml", COLUMNS, block=block, **OPTIONS) == rows
    assert desk.rows(text, "xml", COLUMNS, **OPTIONS) == rows


@settings(max_examples=30, deadline=None)
@given(document(plain=True), st.integers(1, 300))
def test_plain_records_come_back_as_they_were_written(desk, written, block):
    text, rows = written
    assert desk.rows(text, "xml", COLUMNS, block=block, **OPTIONS) == rows


def test_without_items_a_record_is_one_row(desk):
    text = "<l><m><id>1</id><a><b>x</b></a></m><m><id>2</id></m></l>"
    assert desk.rows(text, "xml", "a.b id", record="m") == [(1, "x", "1"), (2, None, "2")]


def test_items_right_below_the_record_and_groups_below_the_items(desk):
    text = "<l><r><n>1</n><i><p><q>a</q></p></i><i/><z/></r></l>"
    rows = desk.rows(text, "xml", "n i.p.q", record="r", items="i")
    assert rows == [(1, "1", "a"), (1, "1", None)]


def test_namespaces_are_left_aside(desk):
    text = '<x:l xmlns:x="urn:a" xmlns="urn:b"><x:r><a>1</a></x:r><r><x:a>2</x:a></r></x:l>'
    assert desk.rows(text, "xml", "a", record="r") == [(1, "1"), (2, "2")]


def test_a_record_may_be_the_root_or_lie_anywhere_but_in_a_record(desk):
    assert desk.rows("<r><a>1</a></r>", "xml", "a", record="r") == [(1, "1")]
    text = "<l><d><r><a>1</a><r><a>no</a></r></r></d><d><r><a>2</a></r><x/></d></l>"
    assert desk.rows(text, "xml", "a", record="r") == [(1, "1"), (2, "2")]


@pytest.mark.parametrize("block", [0, 6])
@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("<a>1<b/></a>", "a: expected a text, found elements"),
        ("<a>1</a><a>2</a>", "a: stands twice"),
        ("<g><h>1</h></g><g><h>1</h></g>", "g: stands twice"),
        ("<i><n>1</n><n>1</n></i>", "n: stands twice"),
        ("<i><n><n>1</n></n></i>", "n: expected a text, found elements"),
    ],
)
def test_a_record_of_another_shape_is_a_fault_of_its_own(desk, record, why, block):
    text = f"<l><r><a>1</a></r><r>{record}</r>\n<r><a>2</a><i><n>3</n></i></r></l>"
    assert desk.rows(text, "xml", "a g.h i.n", record="r", items="i", block=block) == [
        (1, "1", None, None, None),
        (2, None, None, None, f"{why}: <r>{record}</r>"),
        (3, "2", None, "3", None),
    ]


@pytest.mark.parametrize(
    "text", ["<l/>", "<l></l>", "<l>  </l>\n", "<?xml version='1.0'?><l>x</l>"]
)
def test_a_root_without_elements_has_no_rows(desk, text):
    assert desk.frames(text, "xml", "a", record="r") == []


def test_a_document_without_the_record_names_what_is_there(desk):
    with pytest.raises(SourceError, match="no element 'Recipt' in it; there are l, r, a;"):
        desk.rows("<l><r><a>1</a></r></l>", "xml", "a", record="Recipt")


@pytest.mark.parametrize("block", [0, 1, 7])
@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE l>",
        '<?xml version="1.0"?>\n<!-- c --><?pi x?>\n<!DOCTYPE l [<!ENTITY a SYSTEM "/x">]>',
        '<!DOCTYPE l [<!ENTITY a "b">]>',
        "<!doctype l>",
    ],
)
def test_a_doctype_is_refused(desk, head, block):
    with pytest.raises(SourceError, match="DOCTYPE"):
        desk.rows(f"{head}<l><r><a>&a;</a></r></l>", "xml", "a", record="r", block=block)


def test_a_doctype_in_a_comment_is_none(desk):
    text = "<!-- <!DOCTYPE l> --><l><r><a>1</a></r></l>"
    assert desk.rows(text, "xml", "a", record="r") == [(1, "1")]


@pytest.mark.parametrize("block", [0, 1, 7])
@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252", "UTF-16", "utf-8"])
def test_a_document_may_declare_its_encoding(desk, encoding, block):
    text = f"<?xml version='1.0' encoding='{encoding}'?>\n<l><r><å>æøå</å></r></l>"
    rows = desk.rows(text.encode(encoding), "xml", "å", record="r", block=block)
    assert rows == [(1, "æøå")]


@pytest.mark.parametrize("block", [0, 3])
def test_a_byte_that_is_not_utf8_is_a_fault_of_its_record(desk, block):
    text = b"<l><r><a>1\xc3\xa9</a></r><r><a>123\xe9</a></r><r><a>2</a></r></l>"
    (_, first, _), (_, none, why), (_, last, _) = desk.rows(
        text, "xml", "a", record="r", block=block
    )
    assert (first, none, last) == ("1é", None, "2")
    assert "holds a byte that is not UTF-8 (character 4 of 'a')" in why


BODY = "<l><r><a>1</a></r>\n<r><a>2</a></r>"


@pytest.mark.parametrize("block", [0, 5])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BODY, "after record 2: .*l"),
        (BODY[:-5], "after record 1: "),
        (BODY[:-11], "after record 1: "),
        (BODY + "</l><l/>", "after record 2: "),
        (BODY + "</l>x", "after record 2: "),
        (BODY + "</m>", "after record 2: Opening and ending tag mismatch: l and m"),
        (BODY + "<r><a>&b;</a></r></l>", "after record 2: Entity 'b' not defined"),
        (BODY + "<r><a>\x01</a></r></l>", "after record 2: "),
        (BODY + "<r><a>1</b></r></l>", "after record 2: "),
        (BODY + "</r></l>", "after record 2: "),
        ("hello", "after record 0: "),
        (" \n", "after record 0: "),
    ],
)
def test_a_damaged_document_stops_the_file(desk, text, words, block):
    with pytest.raises(SourceError, match=words) as caught:
        desk.rows(text, "xml", "a", record="r", block=block)
    assert "\n" not in str(caught.value)
    assert "line" not in str(caught.value)


def test_deep_and_long_documents_are_refused(desk):
    with pytest.raises(SourceError, match=r"[Dd]epth"):
        desk.rows("<l>" + "<r>" * 500 + "</r>" * 500 + "</l>", "xml", "a", record="r")


@pytest.mark.parametrize(
    "record",
    ["m", "//m", "/l/g/m", "l/*/m", "l.g.m", "n:m", "//g/m", "/n:l/n:g/n:m"],
)
@pytest.mark.parametrize("block", [1, 7, 4096])
def test_records_are_found_by_name_or_xpath(desk, record, block):
    more = "<n:m><a>0</a></n:m>" if record.startswith(("/l", "l", "//g", "/n")) else ""
    text = (
        f'<n:l xmlns:n="urn:n">{more}<n:g><n:m><n:a>1</n:a></n:m><n:m><n:a>2</n:a></n:m></n:g>'
        "</n:l>"
    )
    rows = desk.rows(text, "xml", "x:a", record=record, block=block)
    assert rows == [(1, "1"), (2, "2")]


def test_a_long_name_does_not_make_a_long_message(desk):
    with pytest.raises(SourceError, match="tag mismatch") as caught:
        desk.rows(f"<l><r><{'a' * 40_000}></r></l>", "xml", "a", record="r")
    assert len(str(caught.value)) < 1_200
