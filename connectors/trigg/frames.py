"""An answer's JSON -> its rows as a polars frame, nothing dropped in silence.

Types are those found in the answer. What no column can hold is written as JSON text. An answer
that is no JSON, names a property twice or is nested absurdly is refused in words that quote none
of its rows.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeAlias

import polars as pl

from connectors.trigg.answers import mask

__all__ = ["Envelope", "find_rows", "open_answer", "open_plainly", "to_frame"]

Envelope: TypeAlias = dict[str, Any]
"""The properties of an answer: lists as polars Series where possible, else as lists."""

MAX_DEPTH = 32
"""Objects and lists within each other; more are a mistake or an attack."""


def open_answer(body: bytes) -> Envelope:
    """Read an answer as its properties; a bare list stands under `data` (reading T29).

    Types are inferred in full. That costs a third more than a schema, and shows every property
    there is: a schema would drop in silence what it does not name.

    Raises:
        ValueError: it is no JSON, or none that can be trusted.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        found = pl.read_json(body, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        return open_plainly(body)  # values of mixed kinds, or no JSON at all: it tells
    if any(_depth(kind) > MAX_DEPTH for kind in found.dtypes):
        raise ValueError(_TOO_DEEP)
    if not _holds_all(found, body):
        _read_plainly(body)  # tells what is twice
    if body[:1] == b"[":
        return {"data": found.to_struct("data") if found.width else []}
    return {name: found[name][0] for name in found.columns}


def _holds_all(found: pl.DataFrame, body: bytes) -> bool:
    """Tell whether a frame has a cell for each property of a text: of two alike polars takes one.

    A property ends in `":`. One that is null may as well not be there. Texts that look like either,
    or blanks in other places than at the beginning, only make this say no.
    """
    nulls = body.count(b'": null' if b'": ' in body[:500] else b'":null')
    filled, empty = 0, 0
    for cells in found.get_columns():
        here = _count_cells(cells)
        filled, empty = filled + here[0], empty + here[1]
    return body.count(b'":') - nulls == filled and nulls <= empty


def _count_cells(cells: pl.Series) -> tuple[int, int]:
    """Count what is filled and what is null in a column of properties, with all below it."""
    empty = cells.null_count()
    below = _count_below(cells)
    return len(cells) - empty + below[0], empty + below[1]


def _count_below(cells: pl.Series) -> tuple[int, int]:
    if not cells.dtype.is_nested():
        return 0, 0
    if cells.null_count():
        cells = cells.drop_nulls()
    if isinstance(cells.dtype, pl.List):
        # Of one list polars gives what is in it as it is, of many it makes a copy.
        inner = cells[0] if len(cells) == 1 else cells.explode(empty_as_null=False)
        return _count_below(inner)
    counts = [_count_cells(field) for field in cells.struct.unnest().get_columns()]
    return sum(filled for filled, _ in counts), sum(empty for _, empty in counts)


def _depth(kind: pl.DataType) -> int:
    depth, kinds = 0, [kind]
    while kinds := [inner for kind in kinds for inner in _inner(kind)]:
        depth += 1
    return depth


def _inner(kind: Any) -> list[Any]:  # noqa: ANN401  (a type of polars, as an instance or a class)
    if isinstance(kind, pl.List):
        return [kind.inner]
    return [field.dtype for field in kind.fields] if isinstance(kind, pl.Struct) else []


def open_plainly(body: bytes) -> Envelope:
    """Read an answer likewise, all of it as plain values.

    Raises:
        ValueError: as `open_answer`.
    """
    plain = _load(body)
    depth = named = 0
    level = [plain]
    while level := [value for value in level if isinstance(value, (dict, list))]:
        depth += 1
        if depth > MAX_DEPTH + 1:
            raise ValueError(_TOO_DEEP)
        named += sum(len(value) for value in level if isinstance(value, dict))
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    if named != body.count(b'":'):  # a text may look so too
        _read_plainly(body)
    return plain if isinstance(plain, dict) else {"data": plain}


def _read_plainly(body: bytes) -> Any:  # noqa: ANN401  (whatever JSON holds)
    try:
        return _load(body, _read_once)
    except _Twice as twice:
        raise ValueError(str(twice)) from None


def _load(body: bytes, hook: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:  # noqa: ANN401  (whatever JSON holds)
    try:
        return json.loads(body, parse_constant=_refuse, object_pairs_hook=hook)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except ValueError:
        raise ValueError(_describe(body)) from None


class _Twice(Exception):  # noqa: N818  (a message on its way out)
    pass


def _read_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        name = next(name for name in names if names.count(name) > 1)
        raise _Twice(
            f"an object that names {mask(name, limit=60)!r} twice, and which holds nobody knows;"
            " ask the platform's operator"
        )
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and Infinity are no JSON


_TOO_DEEP = (
    f"objects and lists nested deeper than {MAX_DEPTH}: nothing that a table can hold;"
    " ask the platform's operator"
)


def _describe(body: bytes) -> str:
    """Say what an answer is that is no JSON, without quoting rows."""
    if not body:
        return "an empty answer; export again"
    if body[:1] in {b"{", b"["}:
        return f"JSON that is cut off or broken ({len(body):,} bytes); export again"
    line = mask(body[:500].decode("utf-8", "replace").partition("\n")[0], limit=80)
    return f'no JSON but "{line}"; check TRIGG_BASE_URL'


def find_rows(envelope: Envelope, wanted: str = "auto", *, empty: bool = False) -> Any:  # noqa: ANN401  (a Series or a list)
    """Find the property that holds the rows.

    Args:
        envelope: the properties; `metaData` has been taken out.
        wanted: its name; "auto" takes the only list.
        empty: whether there may be no rows, and so no list.

    Raises:
        ValueError: which it is is not clear.
    """
    if wanted != "auto":
        if wanted not in envelope:
            raise ValueError(f"no property {wanted!r}, but {_names(envelope)}: set rows_property")
        return envelope[wanted] if envelope[wanted] is not None else []
    lists = [name for name, value in envelope.items() if isinstance(value, (pl.Series, list))]
    if len(lists) == 1:
        return envelope[lists[0]]
    if not lists and empty:
        return []
    raise ValueError(
        f"which property holds the rows is not clear ({_names(lists or envelope)}):"
        " set rows_property"
    )


def _names(names: Iterable[str]) -> str:
    return mask(", ".join(names), limit=120) or "none"


def to_frame(rows: Any) -> pl.DataFrame:  # noqa: ANN401  (a Series or a list)
    """Make one column a property of the rows' objects.

    Raises:
        ValueError: they are not all objects.
    """
    if len(rows) == 0:
        return pl.DataFrame()
    if isinstance(rows, pl.Series):
        if rows.dtype != pl.Struct or rows.null_count():
            raise ValueError("its rows are not all objects: check rows_property")
        return rows.struct.unnest()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("its rows are not all objects: check rows_property")
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame({name: _to_text([row.get(name) for row in rows]) for name in names})


def _to_text(values: list[Any]) -> pl.Series:
    """Write values of mixed kinds as text, and all as JSON where any is an object or a list."""
    nested = any(isinstance(value, (dict, list)) for value in values)
    return pl.Series(
        [
            value
            if value is None or (isinstance(value, str) and not nested)
            else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            for value in values
        ],
        dtype=pl.String,
    )
