"""Where a feed's columns lie in a Parquet file, and each of its types as text."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import polars as pl
import pyarrow as pa

from connectors.files.paths import parse, quote
from connectors.files.source import FileSource, NoColumns, SourceError

Path = tuple[str, ...]
ITEM = "[]"
"""The step from a list to what is in it."""
_SHOWN = 50
_SECONDS = "%H:%M:%S%.f"
_UUID = (0, 8), (8, 4), (12, 4), (16, 4), (20, 12)
_KINDS = (
    (pa.types.is_integer, "plain"),
    (pa.types.is_boolean, "plain"),
    (pa.types.is_decimal128, "plain"),
    (pa.types.is_date, "plain"),
    (pa.types.is_null, "plain"),
    (pa.types.is_floating, "float"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_time, "time"),
)
_TEXTS = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


@dataclass(frozen=True)
class Column:
    """A wanted column.

    Attributes:
        name: as the feed has it.
        path: names of structs' fields, from the row or from an item.
        kind: what its values are: "plain", "float", "timestamp", "time", "text" or "uuid".
    """

    name: str
    path: Path
    kind: str

    def values(self, frame: pl.DataFrame) -> pl.Series:
        """Take its values out of a frame of rows or of items."""
        values = frame[self.path[0]]
        for name in self.path[1:]:
            values = values.struct.field(name)
        return values.alias(self.name)


@dataclass(frozen=True)
class Columns:
    """Where the wanted columns lie.

    Attributes:
        header: those of a row.
        item: those of an item.
        items: the path to the list of items; empty if there is none.
        leaves: the numbers of the file's own columns that are to be read.
        texts: those of them that are texts.
    """

    header: tuple[Column, ...]
    item: tuple[Column, ...]
    items: Path
    leaves: tuple[int, ...]
    texts: tuple[int, ...]

    @classmethod
    def find(cls, source: FileSource, schema: pa.Schema) -> Self:
        """Find a source's columns in a file's schema.

        Raises:
            SourceError: one is no path, not there, no single value, or of a type that is no text.
        """
        there: dict[Path, tuple[int, pa.DataType]] = {}
        for at, (path, type_) in enumerate(_leaves(schema)):
            if path in there:
                what = f"the file has two columns {_dotted(path)!r}"
                raise SourceError(source.path, what, "give each column a name of its own")
            there[path] = at, type_
        items = _find_steps(source, source.items, there) if source.items else ()
        found: dict[str, Column] = {}
        inside: set[str] = set()
        leaves = []
        missing = []
        for name in source.columns:
            path = _find_steps(source, name, there)
            at = len(items)
            of_item = (*items, ITEM, *path[at:])
            if items and path[:at] == items and of_item in there:
                inside.add(name)
                leaf, type_ = there[of_item]
                path = path[at:]
            elif path in there:
                leaf, type_ = there[path]
            else:
                missing.append(name)
                continue
            if not (kind := _kind(type_)):
                what = f"column {name!r} is of the type {type_}, which is no text"
                raise SourceError(source.path, what, "leave it out, or have it written as text")
            found[name] = Column(name, path, kind)
            leaves.append(leaf)
        if missing:
            raise _lacks(source, missing, there)
        if items and not inside:
            what = f"no column that is wanted lies in {source.items}, the items"
            raise SourceError(source.path, what, "correct the feed's items or mapping")
        return cls(
            tuple(column for name, column in found.items() if name not in inside),
            tuple(column for name, column in found.items() if name in inside),
            items,
            tuple(sorted(set(leaves))),
            tuple(sorted({leaf for leaf, name in zip(leaves, found, strict=True)
                          if found[name].kind == "text"})),
        )  # fmt: skip


def name_columns(schema: pa.Schema) -> dict[str, list[str]]:
    """Name the columns of a file that a source may ask for.

    Returns:
        Under an empty path those of a row, under the path of a list of structs those of its items,
        each as `columns` and `items` of a source have it.
    """
    there = dict(_leaves(schema))
    found: dict[str, list[str]] = {"": []}
    for path, type_ in there.items():
        at = path.index(ITEM) if ITEM in path else None
        items, name = ((), path) if at is None else (path[:at], path[:at] + path[at + 1 :])
        if ITEM in name or name == items or not _kind(type_):
            continue
        under, asked = _write(items, there), _write(name, there)
        if asked and (under or not items):
            found.setdefault(under, []).append(asked)
    return found


def _write(path: Path, there: dict[Path, Any]) -> str:
    """Write a path as a source has it; empty where it can have none that leads there."""
    text = path[0] if len(path) == 1 else ".".join(map(quote, path))
    try:
        return text if _steps(text, there) == path else ""
    except ValueError:
        return ""


def _find_steps(source: FileSource, path: str, there: dict[Path, Any]) -> Path:
    try:
        return _steps(path, there)
    except ValueError as error:
        raise SourceError(source.path, str(error), "correct the feed's items or mapping") from None


def _steps(path: str, there: dict[Path, Any]) -> Path:
    """Take a path apart, unless there is a column of just that name."""
    if (path,) in there:
        return (path,)
    steps = parse(path)
    if not all(step.plain for step in steps):
        raise ValueError(f"{path!r}: a path into Parquet has names alone, such as store.id")
    return tuple(step.name for step in steps)


def _leaves(schema: pa.Schema) -> Iterator[tuple[Path, pa.DataType]]:
    """Yield the columns of a file, in the order in which it numbers them."""
    for field in schema:
        yield from _below((field.name,), field.type)


def _below(path: Path, type_: pa.DataType) -> Iterator[tuple[Path, pa.DataType]]:
    if pa.types.is_struct(type_):
        for field in type_:
            yield from _below((*path, field.name), field.type)
    elif pa.types.is_map(type_):
        yield (*path, ITEM, "key"), type_
        yield from _below((*path, ITEM, "value"), type_.item_type)
    elif _is_list(type_):
        yield from _below((*path, ITEM), type_.value_type)
    else:
        yield path, type_


def _is_list(type_: pa.DataType) -> bool:
    checks = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(check(type_) for check in checks)


def _dotted(path: Path) -> str:
    return ".".join(path).replace(f".{ITEM}", ITEM)


def _lacks(source: FileSource, missing: list[str], there: dict[Path, Any]) -> NoColumns:
    names = ", ".join(repr(_dotted(path)) for path in list(there)[:_SHOWN])
    lists = {_dotted(path[: path.index(ITEM)]) for path in there if ITEM in path}
    what = f"the file lacks {', '.join(map(repr, missing))}; it has {names or 'nothing'}"
    inner = [name for name in lists if any(f"{other}.".startswith(f"{name}.") for other in missing)]
    hint = "correct the feed's columns"
    if inner and not source.items:
        hint = f"{inner[0]} is a list: name it as source.items to have a row for each item"
    return NoColumns(source.path, what, hint)


def _kind(type_: pa.DataType) -> str:
    """Tell what values of a type are as text; empty if they are none."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    if isinstance(type_, pa.UuidType):
        return "uuid"
    if any(check(type_) for check in _TEXTS):
        return "text"
    return next((kind for check, kind in _KINDS if check(type_)), "")


def retype(schema: pa.Schema, *, as_bytes: bool) -> pa.Schema:
    """Take a schema without dictionaries, its texts perhaps for bytes that need not be UTF-8."""
    return pa.schema([field.with_type(_retype(field.type, as_bytes=as_bytes)) for field in schema])


def _retype(type_: pa.DataType, *, as_bytes: bool) -> pa.DataType:
    inner = partial(_retype, as_bytes=as_bytes)
    if pa.types.is_struct(type_):
        return pa.struct([field.with_type(inner(field.type)) for field in type_])
    if pa.types.is_large_list(type_):
        return pa.large_list(type_.value_field.with_type(inner(type_.value_type)))
    if pa.types.is_list(type_):
        return pa.list_(type_.value_field.with_type(inner(type_.value_type)))
    if pa.types.is_dictionary(type_):
        return inner(type_.value_type)
    if as_bytes and (pa.types.is_string(type_) or pa.types.is_string_view(type_)):
        return pa.binary()
    return pa.large_binary() if as_bytes and pa.types.is_large_string(type_) else type_


def to_text(column: pl.Series, kind: str) -> pl.Series:
    """Write values as text; bytes that are not UTF-8 become null, and so does an empty text."""
    if kind == "text":
        return _decode(column).replace("", None)
    text = pl.col(column.name)
    whole = text.cast(pl.Float64)
    as_integer = whole.cast(pl.Int64, strict=False)
    zone = "%:z" if getattr(column.dtype, "time_zone", None) else ""
    digits = text.bin.encode("hex")
    written = {
        "plain": text.cast(pl.String),
        "float": pl.when(as_integer.cast(pl.Float64) == whole)
        .then(as_integer.cast(pl.String))
        .otherwise(text.cast(pl.String)),
        "timestamp": text.dt.to_string(f"%Y-%m-%dT{_SECONDS}{zone}"),
        "time": text.dt.to_string(_SECONDS),
        "uuid": pl.concat_str([digits.str.slice(*at) for at in _UUID], separator="-"),
    }
    return column.to_frame().select(written[kind]).to_series().alias(column.name)


def _decode(column: pl.Series) -> pl.Series:
    try:
        return column.cast(pl.String)
    except pl.exceptions.ComputeError:  # some of it is not UTF-8
        values = [None if value is None else _decode_one(value) for value in column]
        return pl.Series(column.name, values, dtype=pl.String)


def _decode_one(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
