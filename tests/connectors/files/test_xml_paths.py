"""XML: columns that choose of elements, attributes, records at a path, totals and limits."""

from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import Limits, SourceError
from connectors.files.reader import read

VALUE = st.none() | st.sampled_from(["1", "mobile", "work", "a<b", 'q"', "å", " x "])
PHONE = st.fixed_dictionaries({"@type": VALUE, "Type": VALUE, "Number": VALUE})
MEMBER = st.fixed_dictionaries(
    {"@id": VALUE, "phones": st.lists(PHONE, max_size=3), "Name": VALUE, "@lang": VALUE}
)
COLUMNS = (
    "@id Name.@lang Name Phone[2].Number Phone[@type=mobile].Number Phone[Type=work].@type "
    "Phone[1].@type"
)


def attribute(name, value, prefix=""):
    return "" if value is None else f" {prefix}{name}={quoteattr(value)}"


def element(name, value, attributes=""):
    return "" if value is None else f"<{name}{attributes}>{escape(value)}</{name}>"


def write(member, prefix):
    phones = "".join(
        f"<Phone{attribute('type', phone['@type'], prefix)}>"
        f"{element('Type', phone['Type'])}{element('Number', phone['Number'])}</Phone>"
        for phone in member["phones"]
    )
    name = f"<Name{attribute('lang', member['@lang'])}>{escape(member['Name'] or '')}</Name>"
    return f"<m{attribute('id', member['@id'])}>{phones}{name}<x y='1'/></m>"


def chosen(member):
    phones = member["phones"]
    second = phones[1] if len(phones) > 1 else {}
    mobile = next((phone for phone in phones if phone["@type"] == "mobile"), {})
    work = next((phone for phone in phones if phone["Type"] == "work"), {})
    first = phones[0] if phones else {}
    return (
        *(member[name] for name in ("@id", "@lang", "Name")),
        *(second.get("Number"), mobile.get("Number"), work.get("@type"), first.get("@type")),
    )


@settings(max_examples=30, deadline=None)
@given(
    members=st.lists(MEMBER, min_size=1, max_size=5),
    prefix=st.sampled_from(["", "p:"]),
    block=st.integers(1, 90),
)
def test_attributes_and_what_a_step_chooses(desk, members, prefix, block):
    body = "".join(write(member, prefix) for member in members)
    text = f"<l xmlns:p='urn:p'>{body}</l>"
    want = [(row, *chosen(member)) for row, member in enumerate(members, 1)]
    assert desk.rows(text, "xml", COLUMNS, record="m", block=block) == want


def test_attributes_of_items_and_what_they_choose(desk):
    item = '<i no="1" x=""><c k="a">5</c><c k="b">6</c></i>'
    text = f"<l><r><n s='7'>8</n>{item}<i no='2'><c>9</c></i></r></l>"
    rows = desk.rows(text, "xml", "n.@s n i.@no i.@x i.c[@k=b] i.c[1].@k", record="r", items="i")
    assert rows == [(1, "7", "8", "1", None, "6", "a"), (1, "7", "8", "2", None, None, None)]
    assert desk.rows(text, "xml", "i.@no i.c[2]", record="r", items="i") == [
        (1, "1", "6"),
        (1, "2", None),
    ]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("<p k='a'><q/></p>", "p: expected a text, found elements"),
        ("<p k='b'/><p><n/></p><p k='a'><n>1</n></p>", "p: expected a text, found elements"),
        ("<g a='1'/><g a='1'/>", "g: stands twice"),
    ],
)
def test_a_record_of_another_shape_is_a_fault(desk, record, why):
    text = f"<l><r><p k='a'>1</p><g a='2'/></r><r>{record}</r></l>"
    first, (_, *none, fault) = desk.rows(text, "xml", "p[@k=a] g.@a", record="r")
    assert first == (1, "1", "2", None)
    assert none == [None, None]
    assert fault.startswith(f"{why}: <r>")


# --- records at a path, and what is told beside them ---------------------------------------------

BESIDE = "<Other><Member><Id>no</Id><Members><Member/></Members></Member></Other>"
DOCUMENT = f"""<?xml version="1.0"?>
<x:Export xmlns:x="urn:x" count="2" x:at="now"><!-- c -->
{BESIDE}<Members kind="a"><Member><Id>1</Id><Count>9</Count></Member>
<Member><Id>2</Id><Member><Id>inner</Id></Member></Member></Members>{BESIDE}
<Member><Id>no</Id></Member>
<Footer><Count> 2 </Count><Sum cur="NOK"><![CDATA[1.50]]></Sum><Empty/></Footer>
</x:Export>
"""


@pytest.mark.parametrize("block", [0, *range(1, 60, 7)])
def test_records_at_a_path_and_totals_beside_them(desk, block):
    totals = {
        "a": "Export.@count",
        "b": "Export.Footer.Count",
        "c": "Export.Footer.Sum",
        "d": "Export.Footer.Sum.@cur",
        "e": "Export.@at",
        "f": "Export.Footer.Empty",
        "g": "Export.Footer.@none",
        "h": "Footer.Count",
    }
    made = desk.source(DOCUMENT, "xml", "Id", record="Export.Members.Member", totals=totals)
    told = {}
    frames = list(read(made, told=told, _block=block))
    assert [row for frame in frames for row in frame.rows()] == [(1, "1"), (2, "2")]
    assert told == {"a": ["2"], "b": ["2"], "c": ["1.50"], "d": ["NOK"], "e": ["now"]}


def test_totals_that_stand_twice(desk):
    text = "<l><r><a>1</a></r><n>1</n><n>2</n></l>"
    with pytest.raises(SourceError, match=r"l\.n stands twice"):
        list(read(desk.source(text, "xml", "a", record="r", totals={"a": "l.n"})))


def test_plain_records_at_a_path_are_read_in_columns_too(desk):
    records = "".join(f"<m><a>{n}</a></m>" for n in range(3000))
    text = f"<e><x><m><a>no</a></m></x><l>{records}</l><x><m><a>no</a></m></x></e>"
    rows = desk.rows(text, "xml", "a", record="e.l.m", block=1000)
    assert rows == [(n + 1, str(n)) for n in range(3000)]


@pytest.mark.parametrize("path", ["e.m", "l.m", "e.l.x.m", "e.L.m"])
def test_a_path_without_records_is_told(desk, path):
    with pytest.raises(SourceError, match=f"no element '{path}' in it; there are e, l, m, a;"):
        desk.rows("<e><l><m><a>1</a></m></l></e>", "xml", "a", record=path)


def test_what_lies_beside_the_records_is_freed(desk):
    beside = "<x><y>1</y></x>" * 20_000
    text = f"<e><o>{beside}</o><l><m><a>1</a></m></l><o>{beside}</o></e>"
    assert desk.rows(text, "xml", "a", record="e.l.m", block=5000) == [(1, "1")]


# --- limits --------------------------------------------------------------------------------------

LIMITS = [
    ("<b>" * 5 + "</b>" * 5, {"depth": 4}, "nested more than 4 deep"),
    ("<b a='1' c='2' d='3'/>", {"attributes": 2}, "an element with more than 2 attributes"),
    ("<b xmlns:a='1' xmlns:c='2' xmlns:d='3'/>", {"attributes": 2}, "an element with more than 2"),
    ("<a>123456789</a>", {"field_chars": 8}, "a text of more than 8 characters"),
]


@pytest.mark.parametrize("block", [0, 40])
@pytest.mark.parametrize(("record", "limits", "why"), LIMITS)
def test_limits_are_kept(desk, record, limits, why, block):
    fits = "<r><b><b><b/></b></b><c/><c a='1' b='2'/></r>"
    text = f"<l><r><a>1</a></r>{fits}<r>{record}</r><r><a>2</a></r></l>"
    rows = desk.rows(text, "xml", "a", record="r", limits=Limits(**limits), block=block)
    assert [row[1] for row in rows] == ["1", None, None, "2"]
    assert [row[0] for row in rows if row[2]] == [3]
    assert rows[2][2].startswith(why)


def test_a_long_text_of_a_plain_record_is_a_fault(desk):
    records = "".join(f"<r><a>{n}</a></r>\n" for n in range(200))
    text = f"<l>{records}<r><a>{'x' * 9}</a></r>\n{records}</l>"
    rows = desk.rows(text, "xml", "a", record="r", limits=Limits(field_chars=8), block=500)
    assert [row[0] for row in rows if row[2]] == [201]


def test_a_root_of_many_attributes_is_refused(desk):
    many = "".join(f" a{n}='1'" for n in range(101))
    with pytest.raises(SourceError, match="root has more than 100 attributes; this is no export"):
        desk.rows(f"<l{many}><r><a>1</a></r></l>", "xml", "a", record="r")


def test_a_record_without_an_end_is_refused(desk):
    text = "<l><r><a>1</a></r><r>" + "<b>x</b>" * 1000
    with pytest.raises(SourceError, match="no end of a record within 0 MB after byte"):
        desk.rows(text, "xml", "a", record="r", limits=Limits(record_bytes=2000), block=1000)


def test_another_version_of_xml_is_refused(desk):
    with pytest.raises(SourceError, match="declares no version 1"):
        desk.rows('<?xml version="2.0"?><l/>', "xml", "a", record="r")


@pytest.mark.parametrize("block", [0, 50])
def test_the_text_of_a_record_or_an_item_itself(desk, block):
    lines = '<n no="1">a</n><n no="2"><![CDATA[b & c]]></n><n no="3"/>'
    records = "".join(f'<r id="{n}">{lines}</r>' for n in range(9))
    text = f"<l>{records}</l>"
    rows = desk.rows(text, "xml", "@id n.@no n.text()", record="r", items="n", block=block)
    own = [("1", "a"), ("2", "b & c"), ("3", None)]
    assert [row[1:] for row in rows] == [(str(n), *item) for n in range(9) for item in own]
    rows = desk.rows(text, "xml", "text() @no", record="n", block=block)
    assert [row[1:] for row in rows] == [(told, no) for no, told in own] * 9


def test_who_forgets_text_or_has_no_xml_is_told(desk):
    with pytest.raises(ValueError, match=r"n is the item; its text is n\.text\(\)"):
        desk.rows("<l><r><n/></r></l>", "xml", "n", record="r", items="n")
    with pytest.raises(ValueError, match=r"only XML has text\(\)"):
        desk.rows("[{}]", "json", "text()")


def test_a_record_that_holds_elements_has_no_text_of_its_own(desk):
    rows = desk.rows("<l><r>a<b>1</b></r><r>c</r></l>", "xml", "text()", record="r")
    assert [row[1] for row in rows] == [None, "c"]
    assert rows[0][2].startswith("r: expected a text, found elements")
