"""Members as XML, as CSV and as the fields of a form: made of their JSON, in columns.

These formats hold texts only. A group of names is an element with elements in it, or a name with a
dot; the texts of a list become one; a field without a value is left out, or empty in CSV.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Union

import polars as pl

from transforms.requests import percent_encoded
from transforms.wire import CONSENTS, FORMS

NO_XML = "[\ufffe\uffff]"
"""What XML cannot hold, beside the control characters that no text may (`validators.rules`)."""
Writer = Callable[[pl.Series], pl.Series]
"""Makes of members, JSON texts each, what stands in a body for each."""
_IMPORT = FORMS["import"]
Leaves = dict[str, Union[str, "Leaves"]]
"""The tree of a member: the keys of an object, each with the name of its column or an object."""


def make_xml(kinds: Mapping[str, str], element: str, separator: str) -> Writer:
    """Give what writes an element for each member.

    Args:
        kinds: what each name of the mapping is, as `transforms.members.encode_members` has them.
        element: the name of a member's element.
        separator: stands between the texts of a list.
    """
    tree: Leaves = {}
    for name in kinds:
        *groups, key = _path(name)
        place = tree
        for group in groups:
            below = place.setdefault(group, {})
            assert isinstance(below, dict)
            place = below
        place[key] = name
    whole = _element(element, tree, always=True)
    return lambda texts: read_texts(texts, kinds, separator).select(whole).to_series()


def make_csv(kinds: Mapping[str, str], delimiter: str, separator: str) -> Writer:
    """Give what writes a line for each member, without its end, as RFC 4180 has it."""
    cells = [_cell(pl.col(name), delimiter).fill_null("") for name in kinds]
    line = pl.concat_str(cells, separator=delimiter)
    return lambda texts: read_texts(texts, kinds, separator).select(line).to_series()


def csv_header(names: Iterable[str], delimiter: str) -> str:
    """Write the line of the names, without its end."""
    cells = pl.DataFrame({"name": [*names]}).select(_cell(pl.col("name"), delimiter)).to_series()
    return delimiter.join(cells)


def make_form(kinds: Mapping[str, str], separator: str) -> Writer:
    """Give what writes `name=value&…` for each member, percent-encoded."""
    pairs = [
        pl.when(pl.col(name).is_not_null()).then(pl.lit(f"{name}=") + percent_encoded(name))
        for name in kinds
    ]
    form = pl.concat_str(pairs, separator="&", ignore_nulls=True)
    return lambda texts: read_texts(texts, kinds, separator).select(form).to_series()


def read_texts(texts: pl.Series, kinds: Mapping[str, str], separator: str) -> pl.DataFrame:
    """Read members back from their JSON: a text column for each name, null where it says nothing.

    Numbers and booleans are spelled as JSON spells them.
    """
    members = texts.str.json_decode(_shape(kinds))
    values = [_value(name, kind, separator).alias(name) for name, kind in kinds.items()]
    return members.to_frame("member").select(values)


def tell_flat(member: str, separator: str) -> str:
    """Write one member's JSON as the other formats say it: lists as texts, and as objects."""
    return json.dumps(_flat(json.loads(member), separator), ensure_ascii=False)


def _flat(value: Any, separator: str) -> Any:  # noqa: ANN401  (whatever JSON holds)
    if isinstance(value, dict):
        return {key: _flat(inner, separator) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    if all(isinstance(each, str) for each in value):
        return separator.join(value)
    if all({*each} == {"id", "value"} for each in value):
        return {each["id"]: each["value"] for each in value}
    return {key: inner for each in value for key, inner in each.items()}


def _path(name: str) -> tuple[str, ...]:
    return _IMPORT.path(name)


def _shape(kinds: Mapping[str, str]) -> pl.Struct:
    """Give the type of a member: every value a text, whatever the JSON has."""
    tree: dict[str, Any] = {}
    for name, kind in kinds.items():
        *groups, key = _path(name)
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[key] = pl.List(pl.String) if kind == "list" else pl.String()
    return _struct(tree, ())


def _struct(tree: Mapping[str, Any], path: tuple[str, ...]) -> pl.Struct:
    fields: dict[str, Any] = {}
    for key, inner in tree.items():
        below = (*path, key)
        if not isinstance(inner, dict):
            fields[key] = inner
        elif below == _CONSENTS:
            fields[key] = pl.List(pl.Struct({"id": pl.String, "value": pl.String}))
        elif below == (_IMPORT.listed,):
            fields[key] = pl.List(_struct(inner, below))
        else:
            fields[key] = _struct(inner, below)
    return pl.Struct(fields)


_CONSENTS = tuple(CONSENTS.split("."))


def _value(name: str, kind: str, separator: str) -> pl.Expr:
    path, found = _path(name), pl.col("member")
    for depth, key in enumerate(path):
        above = path[:depth]
        each = pl.element()
        if above == _CONSENTS:
            chosen = pl.when(each.struct.field("id") == key).then(each.struct.field("value"))
            return found.list.eval(chosen).list.drop_nulls().list.first()
        if above == (_IMPORT.listed,):
            return found.list.eval(each.struct.field(key)).list.drop_nulls().list.first()
        found = found.struct.field(key)
    return found.list.join(separator) if kind == "list" else found


def _element(name: str, inside: str | Leaves, *, always: bool = False) -> pl.Expr:
    """Write an element; null where nothing is in it, unless it is always there."""
    if isinstance(inside, str):
        escaped = pl.col(inside).str.replace_many(
            ["&", "<", ">", "\r"], ["&amp;", "&lt;", "&gt;", "&#13;"]
        )
        return pl.lit(f"<{name}>") + escaped + pl.lit(f"</{name}>")
    inner = pl.concat_str([_element(*each) for each in inside.items()], ignore_nulls=True)
    whole = pl.lit(f"<{name}>") + inner + pl.lit(f"</{name}>")
    return whole if always else pl.when(inner != "").then(whole)


def _cell(text: pl.Expr, delimiter: str) -> pl.Expr:
    """Put quotes around what would be read otherwise without."""
    odd = text.str.contains(f'["\r\n{pl.escape_regex(delimiter)}]|^[ \t]|[ \t]$')
    return (
        pl.when(odd).then('"' + text.str.replace_all('"', '""', literal=True) + '"').otherwise(text)
    )


__all__ = [
    "NO_XML",
    "Writer",
    "csv_header",
    "make_csv",
    "make_form",
    "make_xml",
    "read_texts",
    "tell_flat",
]
