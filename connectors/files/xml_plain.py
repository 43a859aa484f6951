"""The quick way through plain XML: tags and texts as columns, no Python object per element.

A block is plain if it is records made of elements and text alone: no attribute, comment, CDATA,
instruction, self-closing tag, prefix or numeric reference. Cut at each `<`, it is a table of tag
and text. Each `>` must be accounted for and each tag must close the one last opened. A block in
which that is not proven, or which holds a fault, is left to lxml.
"""

import re

import polars as pl

from connectors.files.nested import Layout
from connectors.files.xml_nesting import Nesting, has_twice

_NAME = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.-]*)>")
_CONTROLS = bytes(sorted({*range(32)} - {*b"\t\n"}))
_ENTITIES = {b"lt;": "<", b"gt;": ">", b"quot;": '"', b"apos;": "'", b"amp;": "&"}
_NAMES, _BYTES, _PATIENCE = 500, 8 << 20, 10
_TAGS = 1 << 10  # more than there are, so that a tag and the code of its group make one number


class PlainReader:
    """Reads blocks of whole records, named `record` and laid out as `layout` says.

    A text of more than `field_chars` is left to lxml, and so is all if not elements alone are
    wanted.
    """

    def __init__(self, layout: Layout, record: str, field_chars: int = 131_072) -> None:
        self._layout = layout
        self._nesting = Nesting(layout, record)
        wanted = {record: 0} | {n: 0 for path in self._nesting.leaves.values() for n in path}
        self._names = {name: number for number, name in enumerate(wanted)}
        self._field_chars = field_chars
        self._refused = 0 if layout.is_plain else _PATIENCE + 1
        self.learn(b"")

    def learn(self, block: bytes) -> None:
        """Take up the names of a block's elements: a block with any other is not plain."""
        for name in dict.fromkeys(_NAME.findall(block)):
            if len(self._names) < _NAMES:
                self._names.setdefault(name.decode(), len(self._names))
        self._tags = pl.Enum([*self._names, *(f"/{name}" for name in self._names)])
        self._nesting.number(self._names)

    def read(self, block: bytes, row: int) -> pl.DataFrame | None:
        """Return the rows of a block's records, of which the first is `row`; None if not plain.

        A document with many blocks in a row that are not plain is given up.
        """
        if self._refused > _PATIENCE or len(block) > _BYTES:
            return None
        entities = {piece[: piece.find(b";") + 1] for piece in block.split(b"&")[1:]}
        table = self._cut(block.lstrip(b" \t\n")) if entities <= _ENTITIES.keys() else None
        frame = None if table is None else self._rows(table, row, entities)
        self._refused = self._refused + 1 if frame is None else 0
        if frame is None:
            self.learn(block)
        return frame

    def _cut(self, block: bytes) -> pl.DataFrame | None:
        """Return the number of the tag, and the text, behind each `<`; None if not plain."""
        if (
            not block.startswith(b"<")
            or len(block.translate(None, _CONTROLS)) != len(block)
            or b"\xef\xbf" in block  # U+FFFE and U+FFFF are no characters of XML
        ):
            return None
        try:
            table = pl.read_csv(
                block[1:],
                has_header=False,
                schema={"tag": self._tags, "text": pl.String},
                separator=">",
                eol_char="<",
                quote_char=None,
            )
        except pl.exceptions.PolarsError:  # another name, a `>` in a text, not UTF-8
            return None
        if table.height != block.count(b">"):  # no row has two of them, so each has one
            return None
        return table.with_columns(pl.col("tag").to_physical().cast(pl.Int16))

    def _rows(self, table: pl.DataFrame, row: int, entities: set[bytes]) -> pl.DataFrame | None:
        tag, count = table["tag"], len(self._names)
        leaf = (tag < count) & (tag.shift(-1, fill_value=-1) == tag + count)
        group = ~(leaf | leaf.shift(1, fill_value=False))
        groups = self._nesting.follow(tag.filter(group))
        leaf_tags = tag.filter(leaf)
        # A group without content looks like a text: lxml tells them apart.
        empty = {self._names[path[-1]] for path in self._nesting.groups}
        if groups is None or leaf_tags.is_in(list(empty)).any():
            return None
        at = (group.cum_sum() - 1).filter(leaf)
        key = groups["code"].gather(at) * _TAGS + leaf_tags
        texts = table["text"].filter(leaf)
        items = groups.filter(pl.col("opens") & (pl.col("code") == self._nesting.item))["record"]
        height = groups["record"][-1] + 1
        columns = {"_row": pl.int_range(row, row + height, dtype=pl.Int64, eager=True)}
        for owner, names, length in (
            ("record", self._layout.header, height),
            ("item", self._layout.item, len(items)),
        ):
            owners = groups[owner].gather(at)
            for column in names:
                *path, name = self._nesting.leaves[column]
                mask = key == self._nesting.groups[tuple(path)] * _TAGS + self._names[name]
                spread = _spread(texts.filter(mask), owners.filter(mask), length)
                if spread is None:
                    return None
                columns[column] = _unescape(spread, entities)
        frame = pl.DataFrame({name: columns[name] for name in ("_row", *self._layout.header)})
        if self._layout.items:
            item = pl.DataFrame({name: columns[name] for name in self._layout.item})
            frame = _repeat(frame, item, items)
        lengths = frame.select(pl.col(pl.String).str.len_bytes().max())
        if max(length or 0 for length in lengths.row(0)) > self._field_chars:
            return None
        return frame.select("_row", *self._layout.columns)


def _spread(texts: pl.Series, owners: pl.Series, height: int) -> pl.Series | None:
    """Give each owner its text, or null; None if one has two."""
    if has_twice(owners):
        return None
    if len(texts) == height:
        return texts
    at = pl.repeat(None, height, dtype=pl.UInt32, eager=True)
    at = at.scatter(owners, pl.int_range(len(texts), dtype=pl.UInt32, eager=True))
    return texts.gather(at)


def _unescape(texts: pl.Series, entities: set[bytes]) -> pl.Series:
    if not entities or not texts.str.contains("&", literal=True).any():
        return texts
    for entity, character in _ENTITIES.items():  # the & itself comes last
        if entity in entities:
            texts = texts.str.replace_all(f"&{entity.decode()}", character, literal=True)
    return texts


def _repeat(header: pl.DataFrame, items: pl.DataFrame, records: pl.Series) -> pl.DataFrame:
    """Put items beside their records' headers, and nulls beside a record without any."""
    if records.n_unique() == header.height:
        return pl.concat([header[records], items], how="horizontal")
    header = header.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"))
    items = items.with_columns(records.alias("at"))
    return header.join(items, on="at", how="left", maintain_order="left_right")
