from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.paths import (
    Step,
    names_of,
    parse,
    parse_local,
    parse_names,
    parse_place,
    quote,
)

WORD = st.text(st.characters(blacklist_characters=".'\"[]=@", codec="utf-8"), min_size=1)
QUOTED = st.text(st.characters(blacklist_characters="'", codec="utf-8"), min_size=1)
NAME = st.tuples(WORD, WORD) | QUOTED.map(lambda name: (name, f"'{name}'"))
CHOICE = (
    st.just(("", {}))
    | st.integers(1, 999).map(lambda n: (f"[{n}]", {"at": n}))
    | st.tuples(st.sampled_from(["", "@"]), WORD, WORD).map(
        lambda x: (f"[{x[0]}{x[1]}={x[2]}]", {"key": x[0] + x[1], "value": x[2]})
    )
)


@st.composite
def written(draw):
    """A path, and its steps."""
    texts, steps = [], []
    for _ in range(draw(st.integers(1, 4))):
        name = draw(WORD)
        text, name = draw(st.sampled_from([(name, name), (f"@{name}", f"@{name}")]))
        if draw(st.booleans()):
            name = draw(QUOTED)
            text = f"'{name}'"
        choice, more = draw(CHOICE)
        texts.append(text + choice)
        steps.append(Step(name, **more))
    return ".".join(texts), tuple(steps)


@given(written())
def test_a_path_is_taken_apart_as_it_was_put_together(made):
    path, steps = made
    assert parse(path) == steps
    assert names_of(steps) == tuple(step.name for step in steps)


@given(st.text(st.sampled_from("ab.'\"[]=@2 \n"), max_size=8))
def test_any_other_text_is_no_path(text):
    steps = ()
    with suppress(ValueError):
        steps = parse(text)
    assert all(step.name for step in steps)


@pytest.mark.parametrize(
    "path",
    ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[0]", "a[-1]", "a[1][2]", "'a", "a=b", "''"],
)
def test_a_text_that_is_no_path(path):
    with pytest.raises(ValueError, match=r"is no path such as store\.id"):
        parse(path)


@pytest.mark.parametrize(
    ("text", "told", "inside", "outside"),
    [
        ("Member", "//Member", ["Member", "Export.Member", "a.b.Member"], ["Member.a"]),
        ("//ns:Member", "//Member", ["Member", "Export.Member"], ["Other"]),
        (".//Members/Member", "//Members/Member", ["Members.Member", "a.Members.Member"],
         ["Member", "Members.a.Member"]),
        ("Export.Members.Member", "/Export/Members/Member", ["Export.Members.Member"],
         ["Members.Member", "a.Export.Members.Member"]),
        ("Export/Member", "/Export/Member", ["Export.Member"], ["Member", "a.Export.Member"]),
        ("/x:Export/*/y:Member", "/Export/*/Member", ["Export.a.Member"],
         ["Export.Member", "Export.a.b.Member"]),
        ("/Member", "/Member", ["Member"], ["Export.Member"]),
    ],
)  # fmt: skip
def test_where_an_element_stands(text, told, inside, outside):
    place = parse_place(text)
    assert str(place) == told
    assert all(place.holds(tuple(path.split("."))) for path in inside)
    assert not any(place.holds(tuple(path.split("."))) for path in outside)


@pytest.mark.parametrize(
    "text",
    [
        "//",
        "/",
        "/a/",
        "a//b",
        "//*",
        "//a[1]",
        "//a[@id='1']",
        "a/@b",
        "/a/text()",
        "../a",
        "a|b/c",
    ],
)
def test_other_xpaths_are_refused(text):
    with pytest.raises(ValueError, match="is no path of names such as Member, //Member"):
        parse_place(text)


def test_prefixes_of_namespaces_mean_nothing():
    assert parse_local("ns:Phone[@x:type=mobile].y:Number") == parse("Phone[@type=mobile].Number")
    assert parse_local("@xml:lang") == parse("@lang")


def test_names_alone():
    assert parse_names("export.'a.b'.members", "record") == ("export", "a.b", "members")
    with pytest.raises(ValueError, match=r"record: 'a\[1\].b' must be names alone"):
        parse_names("a[1].b", "record")


@given(st.lists(st.text(st.characters(exclude_characters="'", codec="utf-8"), min_size=1)))
def test_names_are_quoted_so_that_they_are_read_back(names):
    names = names or ["@type"]
    assert names_of(parse(".".join(map(quote, names)))) == tuple(names)
