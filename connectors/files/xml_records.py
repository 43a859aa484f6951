"""XML: lxml reads the document by blocks and gives one record at a time."""

import re
from collections.abc import Iterator

import polars as pl
from lxml import etree

from connectors.files.blocks import Blocks
from connectors.files.nested import Layout, Rows, ShapeError
from connectors.files.paths import parse_place
from connectors.files.source import FileSource, SourceError
from connectors.files.xml_names import Element, RecordReader
from connectors.files.xml_parser import RecordParser
from connectors.files.xml_plain import PlainReader

_PLACE = re.compile(r",? ?line \d+(, column \d+)?")
_BESIDE = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_DECLARATION = re.compile(rb"<\?xml\s[^<>]*?\?>")
_VERSION = re.compile(rb"""\sversion\s*=\s*["']1\.[0-9]+["']""")
_PROLOG_BYTES = 4 << 20
_SHOWN, _LONG = 12, 60  # element names in a message, and their characters
_NAME = re.compile(rb"<([^\s<>/!?]+)")


def read_elements(source: FileSource, blocks: Blocks) -> Iterator[pl.DataFrame]:
    """Yield a frame per block of an XML document; names are local, namespaces are left aside.

    A record inside a record is a part of the outer one. A record in which a wanted text holds
    elements, or stands twice, is a fault.

    Raises:
        SourceError: a DOCTYPE, malformed, cut off, or no such record.
    """
    prolog, data = _read_prolog(source, blocks)
    document = _Document(source, blocks, _first_name(data))
    more: bytes | None = prolog + data
    end = f"</{document.name}>".encode()
    rest = b""
    while more is not None:
        cut = more.rfind(end) + len(end)
        if cut < len(end):  # no record ends here
            cut = len(more)
        yield from document.read(more[:cut])
        rest = more[cut:]
        more = blocks.more(rest)
    yield from document.read(rest)
    document.close()


def _read_prolog(source: FileSource, blocks: Blocks) -> tuple[bytes, bytes]:
    """Return what stands before the first tag, and what was read behind it; nothing is parsed."""
    data, rest = b"", b""
    while len(rest) < len(b"<!DOCTYPE") or rest.startswith((b"<?", b"<!--")):
        more = blocks.more(data)
        if more is None:
            break
        if len(data) > _PROLOG_BYTES:
            what = f"the XML has no element within {len(data):,} bytes"
            raise SourceError(source.path, what, "check that it is what the feed names", byte=0)
        data = more
        rest = data[_end_of_prolog(data) :]
    while b">" not in rest and (more := blocks.more(data)) is not None:
        rest, data = rest + more[len(data) :], more  # the root's name is wanted whole
    if rest[:9].upper() == b"<!DOCTYPE":
        what = "the XML has a DOCTYPE, which could name other files and grow without limit"
        raise SourceError(source.path, what, "have it written without", byte=0)
    return _without_declaration(source, data[: len(data) - len(rest)]), rest


def _end_of_prolog(data: bytes) -> int:
    at = 0
    while found := _BESIDE.match(data, at):
        at = found.end()
    return len(data) - len(data[at:].lstrip(b" \t\r\n"))


def _without_declaration(source: FileSource, prolog: bytes) -> bytes:
    """Take away the XML declaration: blocks are UTF-8, whatever the document says that it is."""
    found = _DECLARATION.match(prolog)
    if found is None:
        return prolog
    if not _VERSION.search(found[0]):
        what = "the XML declares no version 1"
        raise SourceError(source.path, what, "have it written as XML 1.0", byte=0)
    return prolog[found.end() :]


def _first_name(data: bytes) -> str:
    found = _NAME.match(data)
    name = found[1].decode(errors="replace").split(":")[-1] if found else ""
    return name if re.fullmatch(r"[\w.-]+", name) else ""


class _Document:
    """One document on its way through lxml, whose elements are freed as soon as they are read."""

    def __init__(self, source: FileSource, blocks: Blocks, root: str) -> None:
        self._source = source
        self._blocks = blocks
        self._layout = Layout.of(source)
        self._limits = source.limits
        self._place = parse_place(source.record or "")
        self.name = self._place.names[-1]
        self._record = RecordReader(self._layout, source.limits.field_chars)
        self._parser = RecordParser(source, blocks, root)
        self._plain = PlainReader(self._layout, self.name, source.limits.field_chars)
        depth, attributes = source.limits.depth, source.limits.attributes
        self._is_large = etree.XPath(f"count(.//*) >= {depth} or @* or .//@*")
        self._is_deep = etree.XPath(f"boolean({'*/' * (depth - 1)}*)")
        self._is_wide = etree.XPath(f"boolean(descendant-or-self::*/@*[{attributes + 1}])")
        names = f"[namespace::*[{attributes + 2}]]"  # one is always there
        self._is_named = etree.XPath(f"boolean(descendant-or-self::*{names})")
        self._at_border = self._inside = False
        self._names = 0
        self._seen: list[str] = []
        self._last = 0
        self.records = 0

    def read(self, data: bytes) -> Iterator[pl.DataFrame]:
        """Yield the rows of the records that end in the file's next bytes, if any do."""
        if len(self._seen) < _SHOWN:
            names = (name.decode(errors="replace")[:_LONG] for name in _NAME.findall(data))
            self._seen = list(dict.fromkeys([*self._seen, *names]))[:_SHOWN]
        before = self.records
        frame = self._plain.read(data, before + 1) if self._at_border and data else None
        if frame is None:
            if not before:
                self._plain.learn(data)
            frame = self._feed(data)
        else:
            self.records = frame["_row"][-1]
        if self.records > before:
            self._last = self._blocks.offset
            yield frame
        elif (
            self._blocks.offset - self._last > self._source.limits.record_bytes
            and not self._records_may_wait
        ):
            raise self._no_record(
                f"within {self._source.limits.record_bytes >> 20} MB after byte {self._last:,}"
            )

    @property
    def _records_may_wait(self) -> bool:
        return len(self._place.names) > 1 or self._parser.is_open

    def _feed(self, data: bytes) -> pl.DataFrame:
        """Give lxml the bytes, the last one by itself: it tells whether a record ends with it."""
        rows = Rows(self._layout)
        self._names += data.count(b"xmlns")
        try:
            self._parser.feed(data[:-1])
            self._take(rows)
            before = self.records
            self._parser.feed(data[-1:])
            self._take(rows)
        except etree.XMLSyntaxError as error:
            self._take(rows)  # so that the error counts them
            raise self._malformed(error) from None
        self._parser.prune()
        self._names = self._names if self._parser.is_open else 0
        self._at_border = self.records > before and not self._parser.is_open and self._inside
        return _empty_to_null(rows.frame(), self._layout.columns)

    def _take(self, rows: Rows) -> None:
        """Add the records that have ended."""
        for element in self._parser.records():
            self.records += 1
            self._inside = element.getparent() is not None
            try:
                self._check(element)
                rows.add(self.records, *self._record.read(element))
            except ShapeError as fault:
                raw = etree.tostring(element, encoding="unicode", with_tail=False)
                rows.add_fault(self.records, str(fault), raw)

    def _check(self, record: Element) -> None:
        has_names = self._names > self._limits.attributes
        if not has_names and not self._is_large(record):
            return
        if self._is_deep(record):
            raise ShapeError(f"nested more than {self._limits.depth} deep")
        if self._is_wide(record) or (has_names and self._is_named(record)):
            raise ShapeError(f"an element with more than {self._limits.attributes} attributes")

    def close(self) -> None:
        """Check that the document is whole, and that the records were not only misnamed."""
        try:
            root = self._parser.close()
        except etree.XMLSyntaxError as error:
            raise self._malformed(error) from None
        if not self.records and len(root):
            raise self._no_record("in it")

    def _no_record(self, where: str) -> SourceError:
        what = f"no element {self._source.record!r} {where}; there are {', '.join(self._seen)}"
        hint = "correct the feed's record name, or the file"
        return SourceError(self._source.path, what, hint, row=self.records + 1)

    def _malformed(self, error: etree.XMLSyntaxError) -> SourceError:
        why = _PLACE.sub("", error.msg or "unknown").strip()
        what = f"malformed or cut-off XML after record {self.records:,}: {why}"
        hint = "have it written again, it is damaged or cut off"
        byte = self._blocks.offset
        where = f"{what} (before byte {byte:,})"
        return SourceError(self._source.path, where, hint, row=self.records + 1, byte=byte)


def _empty_to_null(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Make an empty CDATA section what an empty element is."""
    if not any(frame.select(pl.col(columns).eq("").any()).row(0)):
        return frame
    return frame.with_columns(pl.col(columns).replace("", None))
