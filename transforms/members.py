"""Members into the JSON of POST /import, in columns."""

from collections.abc import Iterator, Mapping
from typing import Union

import polars as pl

from transforms.json_text import encode
from transforms.mapping import CLEARED

LISTED = "metaData"
NULL = "!"
"""Ends the name of a boolean member that is written in place of a null; no wire name holds it."""
Tree = dict[str, Union[pl.Expr, "Tree"]]


def encode_members(members: pl.DataFrame, kinds: Mapping[str, str]) -> pl.Series:
    """Write one element of the import list per member, as JSON text.

    Args:
        members: text columns, one for each wire name; nothing in them is faulty. A name
            `group.key` goes into an object `group`, `group.part.key` into an object of that; in
            `metaData` it becomes an object of its own in a list, as the contract's sample has it.
            A boolean `cleared.<name>` says where the field is cleared.
        kinds: what each wire name is: text, integer, number, boolean or date.

    Returns:
        A text series as long as `members`; fields without a value are left out, and those that
        are cleared are null.
    """
    tree: Tree = {}
    cleared = [name for name in kinds if f"{CLEARED}{name}" in members.columns]
    for name, kind in kinds.items():
        *groups, key = name.split(".")
        place = tree
        for group in groups:
            below = place.setdefault(group, {})
            assert isinstance(below, dict)
            place = below
        place[key] = _typed(name, kind)
        if name in cleared:
            place[f"{key}{NULL}"] = pl.when(f"{CLEARED}{name}").then(pl.lit(value=True))
    fields = {key: value for key, value in tree.items() if isinstance(value, pl.Expr)}
    for group, below in tree.items():
        if isinstance(below, dict):
            fields[group] = _listed(below) if group == LISTED else _nested(below)
    member = pl.struct(value.alias(key) for key, value in fields.items())
    texts = encode(members, member, dict.fromkeys([*fields, *_keys(tree)]))
    for name in cleared:
        key = name.rpartition(".")[2]
        texts = texts.str.replace_all(f'"{key}{NULL}":true', f'"{key}":null', literal=True)
    return texts


def _keys(tree: Tree) -> Iterator[str]:
    """List the keys of a tree from the top down."""
    for key, value in tree.items():
        yield key
        if isinstance(value, dict):
            yield from _keys(value)


def _typed(name: str, kind: str) -> pl.Expr:
    text = pl.col(name)
    match kind:
        case "integer":
            return text.cast(pl.Int64)
        case "number":
            return text.cast(pl.Float64)
        case "boolean":
            yes = text.str.to_lowercase().is_in(["true", "1"])
            return pl.when(text.is_not_null()).then(yes)
        case "date":  # the contract writes a birth date as a local date-time
            return text + "T00:00:00"
        case _:
            return text


def _nested(tree: Tree) -> pl.Expr:
    fields = {k: v if isinstance(v, pl.Expr) else _nested(v) for k, v in tree.items()}
    some = pl.any_horizontal(value.is_not_null() for value in fields.values())
    return pl.when(some).then(pl.struct(value.alias(key) for key, value in fields.items()))


def _listed(tree: Tree) -> pl.Expr:
    """Make a list of objects with one key each; polars lists hold one shape, so each is whole."""
    fields = {key: value for key, value in tree.items() if isinstance(value, pl.Expr)}
    objects = [
        pl.when(value.is_not_null()).then(
            pl.struct((value if key == own else pl.lit(None)).alias(key) for key in fields)
        )
        for own, value in fields.items()
    ]
    entries = pl.concat_list(objects).list.drop_nulls()
    return pl.when(entries.list.len() > 0).then(entries)
