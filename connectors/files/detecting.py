"""In which encoding a text is written, with evidence for a person to judge.

A byte order mark and UTF-8 prove themselves. Single-byte encodings cannot be told apart by rules:
the same byte is a letter in each. They are judged by whether their letters are such as occur in
Norwegian, Swedish, Danish, German and English names, in places where letters stand.
"""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as the mark of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# In this order: of two that read the file alike, the first is said.
SINGLE = ("cp1252", "iso-8859-15", "iso-8859-1", "cp865", "cp850")
NORDIC, GERMAN = set("åøæäöÅØÆÄÖ"), set("üßÜ")
OTHER_LETTERS = set("éèêëáàóòôíúçñÉÁÈÓÍšžŠŽðþýÐÞÝ")
SIGNS = set("€£§°\u00b4\u2019\u2018“”\u2013—…«»½·\u00d7®©\xa0²³µ¨")
DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.-]+)["']""")
APOSTROPHE = "\u2019"
SAMPLED = 20_000
BROKEN = 0.1
"""A file with fewer wrong than right UTF-8 sequences by this factor is broken UTF-8."""


@dataclass(frozen=True)
class Encoding:
    """An encoding and why.

    Attributes:
        name: as the feed's word `encoding` has it.
        confidence: from 0 to 1.
        why: the evidence, with the letters that were found but no words.
        marked: whether a byte order mark or an XML declaration says it, so that a feed need not.
        alike: other encodings in which the sample is the same text.
    """

    name: str
    confidence: float
    why: str
    marked: bool = False
    alike: tuple[str, ...] = ()


def detect_encoding(pieces: Sequence[bytes]) -> Encoding:
    """Judge pieces of one file, the first of which is its beginning.

    Pieces begin at multiples of four bytes of the file and may end anywhere.
    """
    head = pieces[0]
    declared = DECLARED.match(head.lstrip())
    said = _known(declared[1].decode()) if declared else ""
    return (
        _by_mark(head)
        or _by_zeros(head)
        or _by_declaration(pieces, said)
        or _by_utf8(pieces, said)
        or _by_letters(pieces)
    )


def _by_mark(head: bytes) -> Encoding | None:
    named = (name for mark, name in MARKS if head.startswith(mark))
    name = next(named, None)
    return Encoding(name, 1.0, "its byte order mark says so", marked=True) if name else None


def _by_declaration(pieces: Sequence[bytes], said: str) -> Encoding | None:
    if said in {"", "utf-8"} or _is_utf8(pieces, proof=True):
        return None
    return Encoding(said, 0.95, "its XML declaration says so", marked=True)


def _by_utf8(pieces: Sequence[bytes], said: str) -> Encoding | None:
    right, wrong = _count_utf8(pieces)
    if wrong:
        why = f"{right:,} right UTF-8 characters, but {wrong:,} bytes that are none (rejects)"
        return Encoding("utf-8", 0.8, why) if wrong < right * BROKEN else None
    if not right:
        return Encoding("utf-8", 0.9, "nothing but ASCII in the sample, the same in all of them")
    why = f"{right:,} characters beyond ASCII, all right UTF-8"
    if said in {"", "utf-8"}:
        return Encoding("utf-8", 0.99, why)
    return Encoding("utf-8", 0.9, f"{why}, though its XML declaration says {said}")


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return ""
    names = {"iso8859-1": "iso-8859-1", "iso8859-15": "iso-8859-15", "ascii": "utf-8"}
    found = names.get(found, found)
    return found if found in {*SINGLE, "utf-8"} else ""


def _by_zeros(head: bytes) -> Encoding | None:
    """Know UTF-16 and UTF-32 by where their zero bytes stand; text has many letters below 256."""
    length = len(head) & ~3
    if length < 8 or b"\0" not in head:
        return None
    zeros = [head[at:length:4].count(0) / (length // 4) for at in range(4)]
    low, high = 0.05, 0.5
    for name, places in (("utf-32-le", "0111"), ("utf-32-be", "1110")):
        if all((share > high) == (p == "1") for share, p in zip(zeros, places, strict=True)):
            return Encoding(name, 0.95, "three of four bytes are zero, as in UTF-32")
    for name, places in (("utf-16-le", "0101"), ("utf-16-be", "1010")):
        fits = [s > high if p == "1" else s < low for s, p in zip(zeros, places, strict=True)]
        if all(fits):
            return Encoding(name, 0.95, "every second byte is zero, as in UTF-16, without a mark")
    return None


def _is_utf8(pieces: Sequence[bytes], *, proof: bool) -> bool:
    right, wrong = _count_utf8(pieces)
    return not wrong and (right > 0 or not proof)


def _count_utf8(pieces: Sequence[bytes]) -> tuple[int, int]:
    """Count characters beyond ASCII, and bytes that are none; what a cut parts does not count."""
    right = wrong = 0
    for number, piece in enumerate(pieces):
        start = 0
        while number and start < min(4, len(piece)) and piece[start] & 0xC0 == 0x80:
            start += 1
        text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(piece[start:])
        bad = len(re.findall("[\udc80-\udcff]", text))
        wrong += bad
        right += len(re.findall("[^\\x00-\\x7f]", text)) - bad
    return right, wrong


def _by_letters(pieces: Sequence[bytes]) -> Encoding:
    seen: Counter[bytes] = Counter()
    high = 0
    for piece in pieces:
        for found in re.finditer(rb"(?=(.[\x80-\xff].))", piece, re.DOTALL):
            seen[found[1]] += 1
            high += 1
            if high > SAMPLED:
                break
    if not seen:  # a single high byte at the very edge
        return Encoding("cp1252", 0.5, "a byte that is not UTF-8 and too little else to judge by")
    scores = {name: _score(seen, name) / high for name in SINGLE}
    read = {name: _middle(seen, name) for name in SINGLE}
    best = max(SINGLE, key=lambda name: scores[name])
    alike = tuple(n for n in SINGLE if n != best and read[n] == read[best])
    others = [name for name in SINGLE if name != best and name not in alike]
    second = max(others, key=lambda name: scores[name], default="")
    margin = scores[best] - (scores[second] if second else 0)
    confidence = round(min(0.95, max(0.4, 0.5 + margin / 2.5)), 2)
    why = f"{high:,} bytes above 127 that are no UTF-8; read so they are {_tell(read[best])}"
    if second:
        why += f", as {second} they would be {_tell(read[second])}"
    if alike:
        why += f"; the sample reads alike as {' and '.join(alike)}"
    return Encoding(best, confidence, why, alike=alike)


def _decode(triple: bytes, name: str) -> str:
    return "".join(bytes([b]).decode(name, "replace") for b in triple)


def _middle(seen: Counter[bytes], name: str) -> dict[str, int]:
    letters: Counter[str] = Counter()
    for triple, count in seen.items():
        letters[triple[1:2].decode(name, "replace")] += count
    return dict(letters.most_common())


def _tell(letters: dict[str, int], most: int = 5) -> str:
    shown = [c if c.isprintable() else f"0x{ord(c):02x}" for c in list(letters)[:most]]
    return " ".join(shown) + (" …" if len(letters) > most else "")


def _score(seen: Counter[bytes], name: str) -> float:
    return sum(_judge(*_decode(triple, name)) * count for triple, count in seen.items())


def _judge(before: str, sign: str, after: str) -> float:
    """Say how well a character stands between its neighbours, from -2 to 1."""
    if sign == "\ufffd" or not (sign.isprintable() or sign == "\xa0"):
        return -2.0
    in_word = before.isalpha() or after.isalpha()
    if sign.isalpha() and sign.isascii() is False:
        worth = 1.0 if sign in NORDIC else 0.9 if sign in GERMAN else 0.0
        worth = worth or (0.5 if sign in OTHER_LETTERS else -0.5)
        if not in_word:
            return worth - 0.8
        if sign.isupper() and before.islower():
            return worth - 0.8  # in the middle of a word
        return worth - (0.3 if sign.islower() and before.isupper() and after.isupper() else 0)
    if sign in SIGNS:
        between = before.isalpha() and after.isalpha()
        return 0.2 if sign == APOSTROPHE or not between else -0.8
    return -1.0
