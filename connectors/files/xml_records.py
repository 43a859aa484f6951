"""XML: lxml reads the document by blocks and gives one record at a time."""

import re
from collections.abc import Iterator

import polars as pl
from lxml import etree

from connectors.files.blocks import MAX_RECORD, Blocks
from connectors.files.nested import Layout, Rows, ShapeError
from connectors.files.source import FileSource, SourceError
from connectors.files.xml_names import Element, RecordReader
from connectors.files.xml_plain import PlainReader

_PLACE = re.compile(r",? ?line \d+(, column \d+)?")
_PROLOG = re.compile(rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*", re.DOTALL)
_ENCODING = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_SHOWN = 12  # element names in a message
_NAME = re.compile(rb"<([^\s<>/!?]+)")


def read_elements(source: FileSource, blocks: Blocks) -> Iterator[pl.DataFrame]:
    """Yield a frame per block of an XML document; names are local, namespaces are left aside.

    A record inside a record is a part of the outer one. A record in which a wanted text holds
    elements, or stands twice, is a fault.

    Raises:
        SourceError: a DOCTYPE, another encoding, malformed, cut off, or no such record.
    """
    data: bytes | None = _read_prolog(source, blocks)
    document = _Document(source, blocks)
    end = f"</{source.record}>".encode()
    rest = b""
    while data is not None:
        cut = data.rfind(end) + len(end)
        if cut < len(end):  # no record ends here
            cut = len(data)
        yield from document.read(data[:cut])
        rest = data[cut:]
        data = blocks.more(rest)
    yield from document.read(rest)
    document.close()


def _read_prolog(source: FileSource, blocks: Blocks) -> bytes:
    """Return the file's beginning, at least as far as its first tag; nothing is parsed yet."""
    data, rest = b"", b""
    while len(rest) < len(b"<!DOCTYPE") or rest.startswith((b"<?", b"<!--")):
        more = blocks.more(data)
        if more is None:
            break
        data = more
        prolog = _PROLOG.match(data)
        rest = data[prolog.end() :] if prolog else data
    blocks.decode(data, blocks.offset - len(data), whole=False)
    if rest[:9].upper() == b"<!DOCTYPE":
        what = "the XML has a DOCTYPE, which could name other files and grow without limit"
        raise SourceError(source.path, what, "have it written without", byte=0)
    declared = _ENCODING.match(data)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        what = f"the XML declares the encoding {declared[1].decode()!r}"
        raise SourceError(source.path, what, "write the file as UTF-8", byte=0)
    return data


class _Document:
    """One document on its way through lxml, whose elements are freed as soon as they are read."""

    def __init__(self, source: FileSource, blocks: Blocks) -> None:
        self._source = source
        self._blocks = blocks
        self._layout = Layout.of(source)
        self._record = RecordReader(self._layout)
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            tag=f"{{*}}{source.record}",
            encoding="utf-8",
            resolve_entities="internal",  # type: ignore[arg-type] # the types know only bool
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        self._plain = PlainReader(self._layout, source.record or "")
        self._open = 0
        self._at_border = self._inside = False
        self._seen: list[str] = []
        self._last = 0
        self.records = 0

    def read(self, data: bytes) -> Iterator[pl.DataFrame]:
        """Yield the rows of the records that end in the file's next bytes, if any do."""
        if len(self._seen) < _SHOWN:
            names = (name.decode(errors="replace") for name in _NAME.findall(data))
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
        elif self._blocks.offset - self._last > MAX_RECORD:
            raise self._no_record(f"within {MAX_RECORD >> 20} MB after byte {self._last:,}")

    def _feed(self, data: bytes) -> pl.DataFrame:
        """Give lxml the bytes, the last one by itself: it tells whether a record ends with it."""
        rows = Rows(self._layout)
        try:
            self._parser.feed(data[:-1])
            self._take(rows)
            before = self.records
            self._parser.feed(data[-1:])
        except etree.XMLSyntaxError as error:
            self._take(rows)  # so that the error counts them
            raise self._malformed(error, data) from None
        self._take(rows)
        self._at_border = self.records > before and self._open == 0 and self._inside
        return _empty_to_null(rows.frame(), self._layout.columns)

    def _take(self, rows: Rows) -> None:
        """Add the records that have ended, and free them."""
        for event, element in self._parser.read_events():
            assert isinstance(element, Element)
            if event == "start":
                self._open += 1
                continue
            self._open -= 1
            if self._open == 0:
                self.records += 1
                self._inside = element.getparent() is not None
                try:
                    rows.add(self.records, *self._record.read(element))
                except ShapeError as fault:
                    raw = etree.tostring(element, encoding="unicode", with_tail=False)
                    rows.add_fault(self.records, str(fault), raw)
                _free(element)

    def close(self) -> None:
        """Check that the document is whole, and that the records were not only misnamed."""
        try:
            root = self._parser.close()
        except etree.XMLSyntaxError as error:
            raise self._malformed(error, b"") from None
        if not self.records and len(root):
            raise self._no_record("in it")

    def _no_record(self, where: str) -> SourceError:
        what = f"no element {self._source.record!r} {where}; there are {', '.join(self._seen)}"
        hint = "correct the feed's record name, or the file"
        return SourceError(self._source.path, what, hint, row=self.records + 1)

    def _malformed(self, error: etree.XMLSyntaxError, data: bytes) -> SourceError:
        begin = self._blocks.offset - len(data)
        # What is left of a character that the block before cut in two is no fault.
        text = data.lstrip(bytes(range(0x80, 0xC0))) if begin else data
        self._blocks.decode(text, self._blocks.offset - len(text), whole=False)
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


def _free(record: Element) -> None:
    """Drop what was read: the record's content, and whatever ended before it."""
    record.clear(keep_tail=True)  # type: ignore[call-arg] # the types are behind
    for element in (record, *record.iterancestors()):
        while (before := element.getprevious()) is not None:
            parent = before.getparent()
            assert parent is not None
            parent.remove(before)
