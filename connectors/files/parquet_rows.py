"""Parquet: rows in batches, every value as text."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.files.faults import KEPT, Fault, add_faults
from connectors.files.parquet_columns import Columns, name_columns, retype, to_text
from connectors.files.parquet_pages import list_pages
from connectors.files.parts import Part
from connectors.files.source import FileSource, SourceError

_BATCH_BYTES, _BATCH_ROWS = 32 << 20, 1 << 16
_PROBED = 4096
_FREE = 16 << 20
_BUFFER = 1 << 20
_MAGIC = b"PAR1"
# What pyarrow raises; names in a damaged file, and so what it says of them, need not be UTF-8.
_DAMAGED = (pa.ArrowException, OSError, RuntimeError, UnicodeDecodeError)


def read_parquet(source: FileSource, part: Part) -> Iterator[pl.DataFrame]:
    """Yield frames of `_row`, the row's number from 1, and the source's columns.

    Numbers are written as short as they can be and decimals with all their places, dates and
    times as ISO has them, with the offset of their zone if they have one. A struct's fields have
    dotted paths; with `source.items`, a list of structs, a row is one item. Bytes that are not
    UTF-8, or a value that is too long, make the record a fault.

    Args:
        source: names the columns; errors name its path.
        part: the file.

    Raises:
        SourceError: it is no Parquet, or damaged, too large, or lacks a column.
    """
    with part.seekable() as path, _judge(source.path):
        _check_magic(source.path, path)
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
            yield from _read_groups(source, path, file)


def list_columns(part: Part) -> dict[str, list[str]]:
    """Name the columns of a Parquet file of which nothing is known yet.

    Returns:
        Under an empty path those of a row, under the path of a list of structs those of its items,
        as `columns` and `items` of a source name them. What is no text is left out.

    Raises:
        SourceError: it is no Parquet, or damaged.
    """
    with part.seekable() as path, _judge(part.path):
        _check_magic(part.path, path)
        return name_columns(pq.read_schema(path))


def _read_groups(source: FileSource, path: Path, file: pq.ParquetFile) -> Iterator[pl.DataFrame]:
    columns = Columns.find(source, file.schema_arrow)
    _check_sizes(source, path, file.metadata)
    leaves = [file.schema.column(leaf).path for leaf in columns.leaves]
    begin = 1
    for group in range(file.num_row_groups):
        size = _batch_size(path, file, group, columns)
        for batch in file.iter_batches(size, row_groups=[group], columns=leaves):
            frame = pl.DataFrame(pl.from_arrow(_validate(batch)))
            yield _to_rows(source, columns, frame, begin)
            begin += batch.num_rows


def _validate(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Look through a batch, for polars trusts it; texts that are not UTF-8 become bytes."""
    batch = batch.replace_schema_metadata()  # which need not be UTF-8
    schema = retype(batch.schema, as_bytes=False)
    if schema != batch.schema:  # polars would keep the texts of dictionaries for good
        batch = batch.cast(schema)
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        batch = batch.cast(retype(schema, as_bytes=True))
        batch.validate(full=True)
    return batch


def _check_magic(label: Path, path: Path) -> None:
    with path.open("rb") as file:
        begin = file.read(len(_MAGIC))
        file.seek(max(file.seek(0, 2) - len(_MAGIC), len(begin)))
        end = file.read()
    if begin != _MAGIC or end != _MAGIC:
        what = "it is cut off" if begin == _MAGIC else "this is no Parquet file"
        raise SourceError(label, what, "ask for it to be written again")


def _check_sizes(source: FileSource, path: Path, metadata: pq.FileMetaData) -> None:
    """See that what is said to be in the file may be in it."""
    limits = source.limits
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    out = sum(abs(group.total_byte_size) for group in groups)
    packed = path.stat().st_size
    pages = list(list_pages(path))
    told = [(max(out, metadata.num_rows), packed), *((p.unpacked, p.packed) for p in pages)]
    if out > limits.unpacked_bytes:
        what = f"it unpacks to more than {limits.unpacked_bytes >> 20:,} MB"
        hint = "if that is right, raise source.limits.unpacked_mb"
    elif any(page.packed > packed for page in pages):
        what = "it is damaged: a page says it is longer than the file"
        hint = "ask for it to be written again"
    elif any(after > max(_FREE, limits.ratio * before) for after, before in told):
        what = f"it unpacks to more than {limits.ratio} times its size"
        hint = "if that is right, raise source.limits.ratio"
    else:
        return
    raise SourceError(source.path, what, hint)


def _batch_size(path: Path, file: pq.ParquetFile, group: int, columns: Columns) -> int:
    """Return how many rows fit in a batch, as their values are long on average and at most.

    A long text that stands once in a row group's dictionary may be the value of all its rows.
    """
    metadata = file.metadata.row_group(group)
    if metadata.num_rows < 1:
        return 1
    names = {leaf: file.schema.column(leaf).path for leaf in columns.leaves}
    texts = [names[leaf] for leaf in columns.texts]
    longest: int = 0
    with pq.ParquetFile(
        path, read_dictionary=texts, pre_buffer=False, buffer_size=_BUFFER
    ) as probe:
        for batch in probe.iter_batches(_PROBED, row_groups=[group], columns=list(names.values())):
            longest += sum(map(_longest, batch.columns))
            break
    # Not before the probe: pyarrow ends the process over wrong statistics if they are asked for.
    size = sum(metadata.column(leaf).total_uncompressed_size for leaf in names)
    longest += size // metadata.num_rows
    return max(min(_BATCH_BYTES // max(longest, 1), _BATCH_ROWS), 1)


def _longest(array: pa.Array) -> int:
    """Return the length of the longest text in the dictionaries of an array."""
    if isinstance(array, pa.DictionaryArray):
        longest: int | None = pc.max(pc.binary_length(array.dictionary)).as_py()
        return 0 if longest is None else longest
    if pa.types.is_nested(array.type):
        inner = array.flatten()
        return sum(map(_longest, inner)) if isinstance(inner, list) else _longest(inner)
    return 0


def _to_rows(source: FileSource, columns: Columns, frame: pl.DataFrame, begin: int) -> pl.DataFrame:
    """Write a batch as rows of text."""
    row = pl.int_range(begin, begin + frame.height, dtype=pl.Int64, eager=True).alias("_row")
    bad = pl.repeat(value=False, n=frame.height, eager=True)
    texts = [row]
    for column in columns.header:
        text, wrong = _write(source, column.values(frame), column.kind)
        bad |= wrong
        texts.append(text)
    rows = pl.DataFrame(texts)
    if columns.items:
        items = frame[columns.items[0]]
        for name in columns.items[1:]:
            items = items.struct.field(name)
        rows = rows.with_columns(bad.alias("_bad"), items.alias("_item"))
        rows = rows.explode("_item", empty_as_null=True)
        inside = rows["_item"].struct.unnest()
        bad = rows["_bad"]
        for column in columns.item:
            text, wrong = _write(source, column.values(inside), column.kind)
            bad |= wrong
            rows = rows.with_columns(text)
    rows = rows.select("_row", *source.columns)
    return _reject(source, rows, bad) if bad.any() else rows


def _write(source: FileSource, values: pl.Series, kind: str) -> tuple[pl.Series, pl.Series]:
    """Write values as text, and tell which could not be, or are too long."""
    text = to_text(values, kind)
    wrong = text.str.len_chars().fill_null(0) > source.limits.field_chars
    if values.dtype == pl.Binary and kind == "text":
        wrong |= values.is_not_null() & (values.bin.size() > 0) & text.is_null()
    return text, wrong


def _reject(source: FileSource, rows: pl.DataFrame, bad: pl.Series) -> pl.DataFrame:
    """Make one fault of each record that has a value which could not be written."""
    why = f"a value is not UTF-8, or longer than {source.limits.field_chars:,} characters"
    numbers = rows["_row"].filter(bad).unique()
    is_bad = rows["_row"].is_in(numbers.implode())
    rows = rows.filter(~is_bad | rows["_row"].is_first_distinct())
    shown = rows.select(pl.exclude("_row").str.slice(0, KEPT))
    faults = {}
    for at in rows["_row"].is_in(numbers.implode()).arg_true():
        told = {name: text for name, text in shown.row(at, named=True).items() if text}
        faults[at] = Fault(why, json.dumps(told, ensure_ascii=False))
    good = ~rows["_row"].is_in(numbers.implode())
    rows = rows.with_columns(pl.when(good).then(pl.exclude("_row")))
    # Copied, so that what was too long is not held by what stood beside it.
    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    return add_faults(pl.DataFrame(pl.from_arrow(table)), faults)


@contextmanager
def _judge(label: Path) -> Iterator[None]:
    try:
        yield
    except (*_DAMAGED, pl.exceptions.PolarsError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        why = str(error).partition("\n")[0][:200]
        what = f"the Parquet file is damaged or cut off ({why})"
        raise SourceError(label, what, "ask for it to be written again") from None
