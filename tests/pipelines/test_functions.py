"""The user's own functions: found, listed, called, and told of where they fail."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines.cli import cli
from pipelines.feeds import FeedError
from pipelines.functions.norwegian_phone import norwegian_phone
from pipelines.own_functions import find_function, guard, list_functions

TWO = (pl.Series(["a", None]), pl.Series(["b", "c"]))


@pytest.fixture
def write(tmp_path: Path):
    """Return what writes a function's file; gives the folder."""

    def write_one(body: str, name: str = "own") -> Path:
        (tmp_path / f"{name}.py").write_text(body)
        return tmp_path

    return write_one


def called(folder: Path, *series: pl.Series):
    names = [f"column {n}" for n in range(len(series))]
    return guard(find_function("own", folder), "vip", names)(series)


def test_functions_are_listed_by_name(write):
    write("def b(x, y):\n    pass\n", "b")
    write('import polars\n\ndef a(x):\n    """Say a.\n\n    More.\n    """\n', "a")
    folder = write("never = here", "_private")
    listed = [(f.name, f.parameters, f.about) for f in list_functions(folder)]
    assert listed == [("a", ("x",), "Say a."), ("b", ("x", "y"), "")]
    assert list_functions(folder / "nowhere") == []


def test_the_command_lists_the_shipped_one():
    said = CliRunner().invoke(cli, ["functions"], catch_exceptions=False).output
    assert said.startswith("norwegian_phone(phone)  Write Norwegian numbers as +47")
    (line,) = CliRunner().invoke(cli, ["functions", "--json"]).output.splitlines()
    assert json.loads(line)["parameters"] == ["phone"]


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("return a + b", ["ab", None]),
        ("return b == 'c'", ["false", "true"]),
        ("return b.str.len_bytes()", ["1", "1"]),
        ("return a.fill_null('x')", ["a", "x"]),
    ],
)
def test_what_a_function_gives_is_text(body, values, write):
    made = called(write(f"def own(a, b):\n    {body}\n"), *TWO)
    assert made.dtype == pl.String
    assert made.to_list() == values


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("raise ValueError('secret ' + str(list(b)))", 2, "failed: ValueError"),
        ("return b.cast(int)", 2, "failed: InvalidOperationError"),
        ("return 'secret'", 0, "gave a str, not a Series"),
        ("return b.head(1)", 0, "gave 1 values for 2 rows"),
        ("return b.str.split('x')", 0, "gave List(String), which is no text"),
    ],
)
def test_a_mistake_is_one_line_without_values(body, line, said, write):
    folder = write(f"def own(a, b):\n    {body}\n")
    with pytest.raises(FeedError) as caught:
        called(folder, *TWO)
    place = f"{folder}/own.py{f':{line}' if line else ''}"
    words = "the function own, for vip of column 0, column 1,"
    assert str(caught.value) == f"{place}: {words} {said}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def own(a):\n    pass\n", "own, for vip of column 0, column 1, takes (a), not 2"),
        ("def other(a, b):\n    pass\n", "own.py: has no function called own, as its file is"),
        ("own = 1\n", "has no function called own"),
        ("import nowhere_at_all\n", "own.py:1: cannot be imported: ModuleNotFoundError: No module"),
        ("\n\ndef own(:\n", "own.py:3: cannot be imported: SyntaxError"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_function_is_told(body, said, write):
    with pytest.raises(FeedError) as caught:
        called(write(body), *TWO)
    assert said in str(caught.value)


def test_a_function_that_is_not_there_is_told(write):
    with pytest.raises(FeedError, match="no function is called other; functions: own"):
        find_function("other", write("def own():\n    pass\n"))


def test_norwegian_phones():
    same = ["+4790000000", "+46701234567", "4,79E+09", "12345", "+47 1", "", None]
    texts = ["900 00 000", "90\u00a000\u00a000\u00a000", "4790000000", "004790000000", *same]
    expected = ["+4790000000"] * 4 + same
    assert norwegian_phone(pl.Series(texts)).to_list() == expected
