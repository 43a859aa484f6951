"""What a hostile file is, the good rows around its fault, and the variations of one fault."""

import gzip
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

End = Literal["rejects", "error", "refused", "kept", "any"]
"""How reading must end: with rows rejected, with one line that refuses the file, with either of
these, with every row read as it stands, or in any of these ways."""
COLUMNS = ("member_no", "email", "points")
AROUND = 300
"""Good rows before and behind a fault in the middle of a file."""
XML_COLUMNS = ("MemberNo", "Email", "Points")
_OPEN = {
    "csv": b"member_no,email,points\n",
    "json": b"[\n",
    "xml": b'<?xml version="1.0" encoding="UTF-8"?>\n<Members>\n',
}
_CLOSE = {"json": b"\n]\n", "xml": b"\n</Members>\n"}
_BETWEEN = {"json": b",\n"}
FIELDS = {"member_no": (1, 8), "email": (9, 24), "points": (33, 8)}


@dataclass(frozen=True)
class Hostile:
    """A file that no reader should stumble over.

    Attributes:
        name: of the file, told apart from all others.
        format: which reader it is meant for.
        make: writes its bytes, always the same.
        end: how reading it must end.
        at: the first row that is rejected, as a reader counts (of a CSV the line); None where
            the file is refused, or where several may be named.
        says: a regular expression found in the reason.
        good: rows that must be read all the same; None where it depends.
        options: what else the reader is told: delimiter, record, encoding and so on.
        large: it takes seconds or much memory to make or read.
    """

    name: str
    format: str
    make: Callable[[], bytes]
    end: End
    at: int | None = None
    says: str = ""
    good: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    large: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """What to ask of it."""
        return XML_COLUMNS if self.format == "xml" else COLUMNS


def good(form: str, count: int, first: int = 1) -> list[bytes]:
    """Write good records in a text format, one each, without what stands between them."""
    numbers = range(first, first + count)
    made: dict[str, Callable[[int], str]] = {
        "csv": lambda n: f"{n:08},member{n}@example.com,{n}\n",
        "fixed": lambda n: f"{n:08}{f'member{n}@example.com':<24}{n:>8}\n",
        "ndjson": lambda n: f'{{"member_no":"{n:08}","email":"m{n}@example.com","points":{n}}}\n',
        "json": lambda n: f'{{"member_no":"{n:08}","email":"m{n}@example.com","points":{n}}}',
        "xml": lambda n: (
            f"<Member><MemberNo>{n:08}</MemberNo><Email>m{n}@example.com</Email>"
            f"<Points>{n}</Points></Member>\n"
        ),
    }
    return [made[form](n).encode() for n in numbers]


def whole(form: str, records: Iterable[bytes]) -> bytes:
    """Make a file of records: its header or opening before, its closing behind them."""
    return _OPEN.get(form, b"") + _BETWEEN.get(form, b"").join(records) + _CLOSE.get(form, b"")


def good_file(form: str, count: int = AROUND) -> bytes:
    """Make a file of good records."""
    return whole(form, good(form, count))


def options_of(form: str, **more: object) -> dict[str, Any]:
    """Give what the reader of a format must be told of these files, and more."""
    own: dict[str, dict[str, Any]] = {"xml": {"record": "Member"}, "fixed": {"fields": FIELDS}}
    return {**own.get(form, {}), **more}


def one(
    name: str,
    form: str,
    make: bytes | Callable[[], bytes],
    end: End,
    says: str = "",
    **more: Any,  # noqa: ANN401 - fields of the case, or words for the reader
) -> Hostile:
    """Make a hostile file of its bytes, or of what makes them."""
    own = {key: more.pop(key) for key in ("at", "good", "large") if key in more}
    maker = make if callable(make) else lambda: make
    return Hostile(name, form, maker, end, says=says, options=options_of(form, **more), **own)


def in_file(
    name: str,
    form: str,
    bad: bytes,
    end: End,
    says: str = "",
    **more: Any,  # noqa: ANN401 - as of `one`
) -> list[Hostile]:
    """Put a bad record into files: alone, and in the middle of a good one, plain and as .gz.

    A file that ends in rejects, or is kept, gives all its other rows.
    """
    first = 2 if form == "csv" else 1
    alone = one(f"{name}.{form}", form, whole(form, [bad]), end, says, **more)
    records = [*good(form, AROUND), bad, *good(form, AROUND, AROUND + 1)]
    middle = one(f"{name}-middle.{form}", form, whole(form, records), end, says, **more)
    if end == "rejects":
        alone = replace(alone, at=first, good=0)
        middle = replace(middle, at=first + AROUND, good=2 * AROUND)
    elif end == "kept":
        alone, middle = replace(alone, good=1), replace(middle, good=2 * AROUND + 1)
    return [alone, middle, as_gz(middle)]


def as_gz(case: Hostile) -> Hostile:
    """Compress a file: it must end as it did."""
    return replace(
        case, name=f"{case.name}.gz", make=lambda: gzip.compress(case.make(), 6, mtime=0)
    )


def and_gz(cases: Iterable[Hostile]) -> list[Hostile]:
    """Add to each file the same as .gz."""
    return [made for case in cases for made in (case, as_gz(case))]
