from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.paths import Step, names_of, parse, parse_names, quote

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


def test_names_alone():
    assert parse_names("export.'a.b'.members", "record") == ("export", "a.b", "members")
    with pytest.raises(ValueError, match=r"record: 'a\[1\].b' must be names alone"):
        parse_names("a[1].b", "record")


@given(st.lists(st.text(st.characters(exclude_characters="'", codec="utf-8"), min_size=1)))
def test_names_are_quoted_so_that_they_are_read_back(names):
    names = names or ["@type"]
    assert names_of(parse(".".join(map(quote, names)))) == tuple(names)
