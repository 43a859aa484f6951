"""Members into the JSON of the endpoints that take them, in columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Union

import polars as pl

from transforms.json_text import encode
from transforms.mapping import CLEARED, LISTED
from transforms.wire import FORMS, MIDNIGHT, Form, rank

NULL = "!"
"""Ends the name of a boolean member that is written in place of a null; no wire name holds it."""
AS_TEXT = " "
"""Ends the name of a zip that is written as text, beside that which is written as a number."""
ZIP_NUMBER = "^(?:0|[1-9][0-9]{0,14})$"
"""A zip that is the same as a number: any other loses a zero in front, or has letters."""
Tree = dict[str, Union[pl.Expr, "Tree"]]
Path = tuple[str, ...]
Order = dict[str, "Order"]
Special = Mapping[Path, Callable[[Tree], pl.Expr]]
"""Where an object is written as a list, and how."""


def encode_members(members: pl.DataFrame, kinds: Mapping[str, str]) -> pl.Series:
    """Write one element of the list of POST /import per member: `encode_customers`, `import`."""
    return encode_customers(members, kinds, "import")


def encode_customers(members: pl.DataFrame, kinds: Mapping[str, str], form: Form) -> pl.Series:
    """Write one member per row, as JSON text, the way an endpoint spells it.

    Args:
        members: text columns, one for each canonical name; nothing in them is faulty. A name
            `group.key` goes into an object `group`, `group.part.key` into an object of that; in
            `metaData` of an import it becomes an object of its own in a list, as the contract's
            sample has it, and in `consents.extendedConsents` an object of `id` and `value`. The
            texts of a list stand in one, with `LISTED` between them. A boolean `cleared.<name>`
            says where the field is cleared.
        kinds: what each name is: text, integer, number, boolean, date, phone, email, country, zip
            (a number where it is the same as one, else text) or list.
        form: the endpoint's.

    Returns:
        A text series as long as `members`; fields without a value are left out, and those that
        are cleared are null.
    """
    wire = FORMS[form]
    tree: Tree = {}
    paths = _paths(kinds, form)
    cleared = [name for name in paths if f"{CLEARED}{name}" in members.columns]
    for name, (*groups, key) in paths.items():
        place = tree
        for group in groups:
            below = place.setdefault(group, {})
            assert isinstance(below, dict)
            place = below
        place.update(_typed(name, key, kinds[name]))
        if name in cleared:
            place[f"{key}{NULL}"] = pl.when(f"{CLEARED}{name}").then(pl.lit(value=True))
    if not wire.ordered:
        tree = _values_first(tree)
    special = {wire.consents_path: _consents, (wire.listed,): _listed}
    optional = dict.fromkeys([*tree, *_keys(tree), "value", f"value{NULL}"])
    texts = encode(members, _object(_made(tree, special)), optional)
    if cleared:
        texts = texts.str.replace_all(f'"([^"]*){NULL}":true', '"$1":null')
    for name in (name for name in paths if kinds[name] == "zip"):
        key = paths[name][-1]
        texts = texts.str.replace_all(f'"{key}{AS_TEXT}":', f'"{key}":', literal=True)
    return texts


def order_keys(kinds: Mapping[str, str], form: Form) -> Order:
    """Give the keys that `encode_customers` writes, nested, in their order; a value has no keys."""
    order: Order = {}
    for path in _paths(kinds, form).values():
        place = order
        for key in path:
            place = place.setdefault(key, {})
    return order if FORMS[form].ordered else dict(sorted(order.items(), key=lambda x: bool(x[1])))


def _paths(kinds: Mapping[str, str], form: Form) -> dict[str, Path]:
    """Say where each name is written, in the order in which they are."""
    wire = FORMS[form]
    paths = {name: wire.path(name) for name in kinds}
    return dict(sorted(paths.items(), key=lambda x: rank(x[1]))) if wire.ordered else paths


def count_zip_texts(members: pl.DataFrame, kinds: Mapping[str, str]) -> int:
    """Count the zips that `encode_customers` writes as text, for a number would lose something."""
    names = [name for name, kind in kinds.items() if kind == "zip"]
    return sum(int((~members[name].str.contains(ZIP_NUMBER)).sum()) for name in names)


def _keys(tree: Tree) -> Iterator[str]:
    """List the keys of a tree from the top down."""
    for key, value in tree.items():
        yield key
        if isinstance(value, dict):
            yield from _keys(value)


def _typed(  # noqa: PLR0911  (one for each kind)
    name: str, key: str, kind: str
) -> dict[str, pl.Expr]:
    """Make the value of a key, or of two of which a row has one at most."""
    text = pl.col(name)
    match kind:
        case "integer":
            return {key: text.cast(pl.Int64)}
        case "number":
            return {key: text.cast(pl.Float64)}
        case "boolean":
            yes = text.str.to_lowercase().is_in(["true", "1"])
            return {key: pl.when(text.is_not_null()).then(yes)}
        case "date":  # the contract writes a birth date as a local date-time
            return {key: text + MIDNIGHT}
        case "list":
            return {key: text.str.split(LISTED)}
        case "zip":
            number = text.str.contains(ZIP_NUMBER)
            as_number = pl.when(number).then(text.cast(pl.Int64, strict=False))
            return {key: as_number, f"{key}{AS_TEXT}": pl.when(~number).then(text)}
        case _:
            return {key: text}


def _values_first(tree: Tree) -> Tree:
    """Put values before objects, as the elements of an import have them."""
    groups = {key: value for key, value in tree.items() if isinstance(value, dict)}
    return {key: value for key, value in tree.items() if key not in groups} | groups


def _made(tree: Tree, special: Special, path: Path = ()) -> dict[str, pl.Expr]:
    """Make an expression of each key of an object."""
    made = {}
    for key, value in tree.items():
        below = (*path, key)
        if isinstance(value, pl.Expr):
            made[key] = value
        elif below in special:
            made[key] = special[below](value)
        else:
            fields = _made(value, special, below)
            some = pl.any_horizontal(field.is_not_null() for field in fields.values())
            made[key] = pl.when(some).then(_object(fields))
    return made


def _object(fields: Mapping[str, pl.Expr]) -> pl.Expr:
    return pl.struct(value.alias(key) for key, value in fields.items())


def _listed(tree: Tree) -> pl.Expr:
    """Make a list of objects with one key each; polars lists hold one shape, so each is whole."""
    fields = {key: value for key, value in tree.items() if isinstance(value, pl.Expr)}
    return _list(
        pl.when(value.is_not_null()).then(
            _object({key: value if key == own else pl.lit(None) for key in fields})
        )
        for own, value in fields.items()
    )


def _consents(tree: Tree) -> pl.Expr:
    """Make a list of the ids that are keys here, each with its value."""
    values = {key: value for key, value in tree.items() if isinstance(value, pl.Expr)}
    flags = {key: value for key, value in values.items() if key.endswith(NULL)}
    objects = []
    for key in (key for key in values if key not in flags):
        fields = {"id": pl.lit(key), "value": values[key]}
        if flags:
            fields[f"value{NULL}"] = flags.get(f"{key}{NULL}", pl.lit(None, pl.Boolean))
        told = pl.any_horizontal(v.is_not_null() for k, v in fields.items() if k != "id")
        objects.append(pl.when(told).then(_object(fields)))
    return _list(objects)


def _list(objects: Iterable[pl.Expr]) -> pl.Expr:
    entries = pl.concat_list(list(objects)).list.drop_nulls()
    return pl.when(entries.list.len() > 0).then(entries)
