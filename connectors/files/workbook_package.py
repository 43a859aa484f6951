"""The parts of an Excel file that its rows refer to: its sheets, shared texts and formats."""

import errno
import lzma
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Self

import polars as pl
from lxml import etree

from connectors.files.source import Limits, SourceError
from connectors.files.zips import WORKBOOK

ELEMENT_BYTES = 16 << 20
"""Bytes of XML that one element may have, a row or a text: lxml holds it whole."""
STRINGS_BYTES = 512 << 20
"""Bytes of XML that the shared texts may have: they are held in memory, without the XML."""
_FREE = 16 << 20
_OLE = b"\xd0\xcf\x11\xe0"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_BUILT_IN = {
    **dict.fromkeys([14, 15, 16, 17, *range(27, 32), 36, *range(50, 59)], "date"),
    **dict.fromkeys([22], "date and time"),
    **dict.fromkeys([18, 19, 20, 21, 32, 33, 34, 35, 45, 47], "time"),
    46: "elapsed",
}
"""The numbers of formats of dates that stand in no file (ECMA-376 part 1, 18.8.30)."""


@dataclass(frozen=True)
class Sheet:
    """A sheet, and the member of the archive it lies in."""

    name: str
    member: str
    visible: bool


class Package:
    """An Excel file that is open: a zip archive of XML, of which only what is needed is read.

    Attributes:
        label: its name, for errors.
        sheets: its worksheets, in their order.
        from_1904: whether its days count from 1904, as on old Macs.
    """

    def __init__(self, label: Path, path: Path, limits: Limits) -> None:
        self.label = label
        self._limits = limits
        with path.open("rb") as file:
            if file.read(4) == _OLE:
                what = "this is an old .xls, or it is protected by a password"
                raise SourceError(label, what, "save it as .xlsx, without a password")
        try:
            self._zip = zipfile.ZipFile(path)
        # NotImplementedError is what zipfile says to a ZIP of a later version than it knows.
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
            what = "this is no Excel workbook (.xlsx), or it is cut off"
            raise SourceError(label, what, "ask for the whole file") from None
        self._links: dict[str, tuple[str, str]] = {}
        self.from_1904 = False
        self.sheets: list[Sheet] = []

    def __enter__(self) -> Self:
        try:
            self._check_sizes()
            self._read_book()
        except BaseException:
            self._zip.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _read_book(self) -> None:
        """Read which sheets there are, and which members go with them."""
        if WORKBOOK not in self._zip.NameToInfo:
            what = "this is a zip archive, and no Excel workbook"
            raise SourceError(self.label, what, "unpack it, and name what is in it")
        book = self._target("_rels/.rels", "officeDocument") or "xl/workbook.xml"
        folder = posixpath.dirname(book)
        self._links = self._relations(f"{folder}/_rels/{posixpath.basename(book)}.rels", folder)
        for element in self.elements(book, "sheet", "workbookPr"):
            if etree.QName(element).localname == "workbookPr":
                self.from_1904 = element.get("date1904") in {"1", "true", "on"}
                continue
            link = next((v for k, v in element.attrib.items() if str(k).endswith("}id")), "")
            kind, member = self._links.get(str(link), ("", ""))
            if kind == "worksheet":
                visible = element.get("state", "visible") == "visible"
                self.sheets.append(Sheet(element.get("name", ""), member, visible))

    def find_sheet(self, name: str | None) -> Sheet:
        """Find the sheet of a name, or without one the first that is not hidden.

        Raises:
            SourceError: there is none; those there are are named.
        """
        for sheet in self.sheets:
            if sheet.name == name or (sheet.visible and name is None):
                return sheet
        if not self.sheets:
            raise self._damaged("it has no sheet")
        if name is None:
            return self.sheets[0]
        there = ", ".join(repr(sheet.name) for sheet in self.sheets[:50])
        what = f"there is no sheet {name!r}; it has {there}"
        raise SourceError(self.label, what, "correct source.sheet")

    def read_strings(self, most: int | None = None) -> pl.Series:
        """Read the texts that cells share, numbered from 0: all, or so many at most."""
        member = self._linked("sharedStrings")
        pieces: list[pl.Series] = []
        texts: list[str] = []
        found = self.elements(member, "si", most=STRINGS_BYTES) if member else iter(())
        for element in islice(found, most):
            texts.append(text_of(element))
            if len(texts) >= 1 << 16:
                pieces.append(pl.Series(texts, dtype=pl.String))
                texts = []
        return pl.concat([*pieces, pl.Series(texts, dtype=pl.String)])

    def read_formats(self) -> list[str]:
        """Tell what each style makes of a number: a date, a time, `0000` or, empty, itself."""
        member = self._linked("styles")
        codes: dict[str, str] = {}
        formats: list[str] = []
        for element in self.elements(member, "numFmt", "cellXfs") if member else []:
            if etree.QName(element).localname == "numFmt":
                codes[element.get("numFmtId", "")] = element.get("formatCode", "")
                continue
            for style in element:
                number = style.get("numFmtId", "0")
                built_in = _BUILT_IN.get(int(number), "") if number.isdecimal() else ""
                formats.append(_kind_of(codes[number]) if number in codes else built_in)
        return formats

    def elements(self, member: str, *names: str, most: int = 0) -> Iterator[etree._Element]:
        """Yield elements of a member by their names, each when it is whole, and forget them.

        Raises:
            SourceError: the member is missing or damaged, has a document type, or one element is
                longer than may be.
        """
        with self._judge(member), self._zip.open(member) as file:
            stream = _Metered(file, self._too_long(member), most)
            found = etree.iterparse(
                stream,
                events=("end",),
                tag=[f"{{*}}{name}" for name in names],
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                remove_comments=True,
                remove_pis=True,
            )
            begun = False
            for _, element in found:
                if not begun and element.getroottree().docinfo.internalDTD is not None:
                    raise self._damaged(f"{member} has a document type, which none may have")
                begun = True
                stream.since = 0
                yield element
                above = element.getparent()
                if above is None:
                    continue
                while above[0] is not element:
                    del above[0]
                element.clear()

    def _too_long(self, member: str) -> SourceError:
        what = f"{member} holds an element, or texts, longer than is read"
        return SourceError(self.label, what, "save the sheet as CSV")

    def _check_sizes(self) -> None:
        limits = self._limits
        entries = self._zip.infolist()
        out = sum(entry.file_size for entry in entries)
        packed = sum(entry.compress_size for entry in entries)
        what = hint = ""
        if len(entries) > limits.members:
            what, hint = f"it holds more than {limits.members:,} members", "limits.members"
        elif out > limits.unpacked_bytes:
            what = f"it unpacks to more than {limits.unpacked_bytes >> 20:,} MB"
            hint = "limits.unpacked_mb"
        elif out > _FREE and out > limits.ratio * packed:
            what, hint = f"it unpacks to more than {limits.ratio} times its size", "limits.ratio"
        if what:
            hint = f"if that is right, raise source.{hint}"
            raise SourceError(self.label, what, hint)

    def _linked(self, kind: str) -> str:
        return next((member for is_, member in self._links.values() if is_ == kind), "")

    def _target(self, member: str, kind: str) -> str:
        links = self._relations(member, "").values()
        return next((target for is_, target in links if is_ == kind), "")

    def _relations(self, member: str, folder: str) -> dict[str, tuple[str, str]]:
        """Read what is linked: id → kind and member; what lies outside of the file is left out."""
        links = {}
        for link in self.elements(member, "Relationship"):
            if link.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, link.get("Target", "")))
                kind = link.get("Type", "").rpartition("/")[2]
                links[link.get("Id", "")] = (kind, target.lstrip("/"))
        return links

    @contextmanager
    def _judge(self, member: str) -> Iterator[None]:
        try:
            yield
        except KeyError:
            raise self._damaged(f"{member} is missing in it") from None
        except etree.XMLSyntaxError as error:
            raise self._damaged(f"{member} is no XML ({error.msg})") from None
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError):
            raise self._damaged(f"{member} cannot be unpacked") from None
        except (NotImplementedError, RuntimeError):  # zipfile's, of a method or a password
            raise self._damaged(f"{member} is packed in a way that is not known") from None
        except OSError as error:
            if error.errno not in {None, errno.EINVAL}:  # a place before the file's beginning
                raise
            raise self._damaged(f"{member} cannot be unpacked") from None

    def _damaged(self, why: str) -> SourceError:
        what = f"the workbook is damaged: {why}"
        return SourceError(self.label, what, "open it in Excel and save it again")


class _Metered:
    """A member as a stream that ends with an error where an element is longer than may be."""

    def __init__(self, stream: IO[bytes], error: SourceError, most: int) -> None:
        self.since = 0
        """Bytes since the last element."""
        self._left = most
        self._whole = not most
        self._stream = stream
        self._error = error

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self.since += len(block)
        self._left -= len(block)
        if self.since > ELEMENT_BYTES or (self._left < 0 and not self._whole):
            raise self._error
        return block


def text_of(element: etree._Element) -> str:
    """Put the text of an element with rich text together, without what tells how to say it."""
    pieces = []
    for child in element:
        name = etree.QName(child).localname
        if name == "t":
            pieces.append(child.text or "")
        elif name == "r":
            pieces += [t.text or "" for t in child if etree.QName(t).localname == "t"]
    return unescape("".join(pieces))


def unescape(text: str) -> str:
    """Take back the escapes of characters that XML cannot hold, such as `_x000D_`."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return found[0] if "\ud800" <= character <= "\udfff" else character


def _kind_of(code: str) -> str:
    """Tell what a format such as `dd.mm.yyyy` or `0000` makes of a number."""
    code = _LITERAL.sub("", code.partition(";")[0]).lower()
    if re.fullmatch("0{2,30}", code):
        return code
    if "general" in code:
        return ""
    if re.search(r"\[(h+|m+|s+)\]", code):
        return "elapsed"
    date, time = re.search("[dy]", code), re.search("[hs]", code)
    if date:
        return "date and time" if time else "date"
    return "time" if time else "date" if "m" in code else ""
