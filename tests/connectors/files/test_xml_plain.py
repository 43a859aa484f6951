"""The quick reader of plain XML against lxml: the same rows, or the same refusal."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.files import FileSource, SourceError, xml_plain
from connectors.files.nested import Layout
from connectors.files.xml_plain import PlainReader

COLUMNS = "H.S Is.I.N Is.I.G.M T"
OPTIONS = {"record": "R", "items": "Is.I"}
LEAVES = ["S", "N", "M", "T", "X"]
GROUPS = ["H", "Is", "I", "G", "R", "X"]
TEXT = st.sampled_from(["", "1", " ", "\n", "&amp;", "&lt;a", "&amp;lt;", "é", "a b"])
SHARDS = [
    *("<", ">", "/", "&", "&#65;", "&x;", "\r", "\x01", "\x00", "\ufffe", "]]>", " ", "\n"),
    *("<!-- </R> -->", "<![CDATA[<R>]]>", "<?x </R>?>", "<T/>", "<I/>", "<R></R>", "<I></I>"),
    *(f"<{name}>" for name in (*GROUPS, *LEAVES)),
    *(f"</{name}>" for name in (*GROUPS, *LEAVES)),
    *("<T>9</T>", "<I><N>9</N></I>", "<H></H>", "<Y>9</Y>", "<T a='1'>", "<n:T>", "<R >", "</R >"),
]


def leaf():
    return st.tuples(st.sampled_from(LEAVES), TEXT).map(lambda x: f"<{x[0]}>{x[1]}</{x[0]}>")


def group(name, inner):
    space = st.sampled_from(["", "\n"])
    return st.tuples(space, st.lists(inner, max_size=3), space).map(
        lambda x: f"{x[0]}<{name}>{''.join(x[1])}</{name}>{x[2]}"
    )


ITEM = group("I", leaf() | group("G", leaf()))
RECORD = group("R", leaf() | group("H", leaf()) | group("Is", ITEM) | group("X", leaf()))
# Texts that are groups and groups that stand twice are among these: faults, or not plain.
BODY = st.lists(RECORD, min_size=1, max_size=5).map("".join)


@st.composite
def damaged(draw):
    """A document with something put in, cut out or doubled, perhaps."""
    text = "<l><R><T>0</T></R>" + draw(BODY) + "</l>"
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        middle = draw(st.sampled_from([*SHARDS, text[start:end] * 2]))
        text = text[:start] + middle + text[end:]
    return text


def outcome(desk, text, block):
    try:
        return desk.rows(text, "xml", COLUMNS, block=block, **OPTIONS)
    except SourceError as error:
        return error.__class__


@settings(max_examples=40, deadline=None)
@given(damaged(), st.integers(18, 120))
@example("<R><T>1</T></R><R><T>2</T></R>", 15)
@example("<l><R><T>0</T></R><R><T>1</T><R>2>R</R></R></l>", 18)
@example("<l><R><T>0</T></R><R><T>1</T</R>>T</R></l>", 18)
def test_both_readers_make_the_same_of_a_document(desk, text, block):
    quick = outcome(desk, text, block)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml_plain, "_PATIENCE", -1)
        assert quick == outcome(desk, text, block)


@pytest.fixture
def plain(tmp_path):
    source = FileSource(tmp_path, "xml", tuple(COLUMNS.split()), **OPTIONS)
    return PlainReader(Layout.of(source), "R")


def test_a_plain_block_is_read_in_columns(plain):
    block = """
        <R><H><S>a&amp;amp;b</S></H><Is><I><N>1</N><G><M>x</M></G></I><I><G></G></I></Is></R>
        <R><T> 2 </T></R>"""
    plain.learn(block.encode())
    assert plain.read(block.encode(), 7) is None  # an empty group is lxml's
    block = block.replace("<G></G>", "<X>y</X>").encode()
    assert plain.read(block, 7) is None  # a name not seen before
    frame = plain.read(block, 7)
    assert frame.columns == ["_row", *COLUMNS.split()]
    assert frame.rows() == [
        (7, "a&amp;b", "1", "x", None),
        (7, "a&amp;b", None, None, None),
        (8, None, None, None, " 2 "),
    ]


@pytest.mark.parametrize("shard", ["<!-- -->", "<T/>", "<T a='1'>2</T>", "&#65;", "\x01", "<T>>"])
def test_a_block_that_is_not_plain_is_left_to_lxml(plain, shard):
    block = f"<R><T>1</T></R><R>{shard}</R>".encode()
    plain.learn(block)
    assert plain.read(block, 1) is None
    assert plain.read(b"<R><T>1</T></R>", 1).rows() == [(1, None, None, None, "1")]


def test_a_document_that_is_never_plain_is_given_up(plain):
    for _ in range(20):
        assert plain.read(b"<R><T/></R>", 1) is None
    assert plain.read(b"<R><T>1</T></R>", 1) is None
