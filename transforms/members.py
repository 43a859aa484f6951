"""Members into the JSON of POST /import, in columns."""

from collections.abc import Mapping

import polars as pl

from transforms.json_text import encode


def encode_members(members: pl.DataFrame, kinds: Mapping[str, str]) -> pl.Series:
    """Write one element of the import list per member, as JSON text.

    Args:
        members: text columns, one for each wire name; nothing in them is faulty. A name
            `group.key` goes into an object `group`; in `metaData` it becomes an object of its
            own in a list, as the contract's sample has it.
        kinds: what each wire name is: text, integer, number, boolean or date.

    Returns:
        A text series as long as `members`; fields without a value are left out.
    """
    groups: dict[str, dict[str, pl.Expr]] = {}
    record: dict[str, pl.Expr] = {}
    for name, kind in kinds.items():
        group, _, key = name.rpartition(".")
        if group:
            groups.setdefault(group, {})[key] = _typed(name, kind)
        else:
            record[name] = _typed(name, kind)
    for group, fields in groups.items():
        record[group] = _listed(fields) if group == "metaData" else _nested(fields)
    optional = [*record, *(key for fields in groups.values() for key in fields)]
    member = pl.struct(value.alias(key) for key, value in record.items())
    return encode(members, member, dict.fromkeys(optional))


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


def _nested(fields: Mapping[str, pl.Expr]) -> pl.Expr:
    some = pl.any_horizontal(value.is_not_null() for value in fields.values())
    return pl.when(some).then(pl.struct(value.alias(key) for key, value in fields.items()))


def _listed(fields: Mapping[str, pl.Expr]) -> pl.Expr:
    """Make a list of objects with one key each; polars lists hold one shape, so each is whole."""
    objects = [
        pl.when(value.is_not_null()).then(
            pl.struct((value if key == own else pl.lit(None)).alias(key) for key in fields)
        )
        for own, value in fields.items()
    ]
    entries = pl.concat_list(objects).list.drop_nulls()
    return pl.when(entries.list.len() > 0).then(entries)
