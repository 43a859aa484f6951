"""lxml as it reads any document: by pieces, in bounded memory, and told what to refuse."""

from collections.abc import Iterator

from lxml import etree

from connectors.files.blocks import Blocks
from connectors.files.paths import parse_names, parse_place
from connectors.files.source import FileSource, SourceError
from connectors.files.xml_names import Element, attribute_of, local_name

_TAGS = 1_000_000  # within a record: each takes a hundred bytes and more
Names = tuple[str, ...]


class RecordParser:
    """Finds the records of a document, and what it says of itself outside of them.

    Args:
        source: `record` is the place of the records' elements, `totals` the paths of what is told.
        blocks: the part of the source, which is told.
        root: the name of the document's element.

    Attributes:
        is_open: whether a record has begun and not ended.
    """

    def __init__(self, source: FileSource, blocks: Blocks, root: str) -> None:
        self._source = source
        self._blocks = blocks
        self._place = parse_place(source.record or "")
        self._totals = {parse_names(p, "totals"): name for name, p in source.totals.items()}
        self._told: set[str] = set()
        elements = {p[-2] if p[-1].startswith("@") else p[-1] for p in self._totals if len(p) > 1}
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            tag=[f"{{*}}{name}" for name in {self._place.names[-1], root, *elements} if name],
            encoding="utf-8",
            resolve_entities="internal",  # type: ignore[arg-type] # the types know only bool
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        self._root: Element | None = None
        self._record: Element | None = None
        self._parent: Element | None = None
        self._begun = self._tags = 0

    @property
    def is_open(self) -> bool:
        """Whether a record has begun and not ended."""
        return self._record is not None

    def feed(self, data: bytes) -> None:
        """Parse the next bytes.

        Raises:
            XMLSyntaxError: they are malformed.
        """
        self._parser.feed(data)
        self._tags += data.count(b"<")

    def records(self) -> Iterator[Element]:
        """Yield the records that have ended; each is freed when the next is asked for."""
        for event, element in self._parser.read_events():
            assert isinstance(element, Element)
            if self._record is not None:
                if element is self._record and event == "end":
                    yield element
                    self._record = None
                    _free(element)
            elif event == "start":
                if self._root is None:
                    self._root = element
                    self._check_root(element)
                if self._is_record(element):
                    self._record = element
                    self._begun, self._tags = self._blocks.offset, 0
                else:
                    self._tell(element, (name for p in self._totals if (name := p[-1])[0] == "@"))
            elif self._totals:
                self._tell(element, [""])
        self._check_size()

    def close(self) -> Element:
        """End the document, and return its element.

        Raises:
            XMLSyntaxError: it is not whole.
        """
        root = self._parser.close()
        assert isinstance(root, Element)
        return root

    def prune(self) -> None:
        """Free what has ended, whether there was a record in it or not."""
        element = self._root
        while element is not None and element is not self._record:
            last = next(element.iterchildren(reversed=True), None)
            if last is not None:
                _free_before(last)
            element = last

    def _check_root(self, root: Element) -> None:
        if max(len(root.attrib), len(root.nsmap)) > self._source.limits.attributes:
            what = f"its root has more than {self._source.limits.attributes} attributes"
            hint = "this is no export of records; raise limits.attributes if it is"
            raise SourceError(self._source.path, what, hint)

    def _is_record(self, element: Element) -> bool:
        if local_name(element.tag) != self._place.names[-1]:
            return False
        if len(self._place.names) == 1 and not self._place.whole:
            return True
        parent = element.getparent()
        if parent is None or parent is not self._parent:
            if not self._place.holds(_path_of(element)):
                return False
            self._parent = parent
        return True

    def _tell(self, element: Element, names: Iterator[str] | list[str]) -> None:
        """Tell the totals that an element holds: by its attributes, or `""`, its text."""
        path: Names | None = None
        for name in names:
            path = path or _path_of(element)
            told = self._totals.get((*path, name) if name else path)
            text = attribute_of(element, name[1:]) if name else element.text
            if not told or not text or not text.strip():
                continue
            if told in self._told:
                what = f"{self._source.totals[told]} stands twice"
                raise SourceError(self._source.path, what, "correct the file, or control")
            self._told.add(told)
            self._blocks.tell(told, text.strip())

    def _check_size(self) -> None:
        limit = self._source.limits.record_bytes
        if self._record is None:
            return
        if self._blocks.offset - self._begun > limit or self._tags > _TAGS:
            what = f"no end of a record within {limit >> 20} MB"
            if self._tags > _TAGS:
                what = f"a record of more than {_TAGS:,} tags"
            what = f"{what} after byte {self._begun:,}"
            hint = "check that the file is whole, and the feed's record name"
            raise SourceError(self._source.path, what, hint, byte=self._begun)


def _path_of(element: Element) -> Names:
    names = [local_name(above.tag) for above in element.iterancestors()]
    return (*reversed(names), local_name(element.tag))


def _free(record: Element) -> None:
    """Drop what was read: the record's content, and whatever ended before it."""
    record.clear(keep_tail=True)  # type: ignore[call-arg] # the types are behind
    for element in (record, *record.iterancestors()):
        _free_before(element)


def _free_before(element: Element) -> None:
    while (before := element.getprevious()) is not None:
        parent = before.getparent()
        assert parent is not None
        parent.remove(before)
