"""Hostile CSV and fixed-width files."""

from functools import partial

from sample_data.hostile_kinds import (
    COLUMNS,
    FIELDS,
    Hostile,
    and_gz,
    good,
    good_file,
    in_file,
    one,
    whole,
)

HEADER = b"member_no,email,points\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x10\0\0\0\x10\0\x08\x06\0\0\0" + bytes(range(256)) * 8
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0>\0\x01\0\0\0" + bytes(range(255, -1, -1)) * 8
# A line of arithmetic instead of random bytes, so that the file is always the same.
NOISE = bytes((n * n * 31 + n * 7 + (n >> 3)) & 255 for n in range(40_000))
BINARY = {"png": PNG, "elf": ELF, "noise": NOISE, "nuls": bytes(100_000)}
MB = 1 << 20

_REJECTED_LINES = {
    "nul": (b"1\x002,a@example.com,1\n", ""),
    "long-row": (b"1,a@example.com,1,1,1\n", "expected 3 fields, found 5"),
    "short-row": (b"1,a@example.com\n", "expected 3 fields, found 2"),
    "one-field": (b"garbage\n", "expected 3 fields, found 1"),
    "text-behind-quote": (b'"1"2,a@example.com,1\n', "quote"),
    "lone-cr": (b"1,a\rb,1\n", "carriage return"),
    "cp1252": (b"1,\xe5se@example.com,1\n", "0xe5|not UTF-8"),
    "overlong": (b"1,\xc0\xaf@example.com,1\n", "0xc0|not UTF-8"),
    "surrogate-in-utf8": (b"1,\xed\xa0\x80@example.com,1\n", "not UTF-8"),
    "beyond-unicode": (b"1,\xf4\x90\x80\x80@example.com,1\n", "not UTF-8"),
    "cut-character": (b"1,\xe2\x82,1\n", "not UTF-8"),
    "five-byte-character": (b"1,\xf8\x88\x80\x80\x80,1\n", "not UTF-8"),
    "long-field": (b"1," + b"x" * 200_000 + b",1\n", "131,072|longer|characters"),
}
_KEPT_LINES = {
    "formula": b"1,\"=cmd|'/C calc'!A0\",1\n",
    "formula-plus": b"+1+1,@SUM(A1:A9),-2+3\n",
    "rtl": "1,\u202emoc.elpmaxe@a\u202c,1\n".encode(),
    "zero-width": "1,a\u200b\u2060@example.com,1\n".encode(),
    "ids-of-20-digits": b"12345678901234567890,a@example.com,1\n",
    "number-of-400-digits": b"1,a@example.com," + b"9" * 400 + b"\n",
    "nan": b"1,a@example.com,NaN\n",
    "infinity": b"1,a@example.com,-Infinity\n",
    "1e999": b"1,a@example.com,1e999\n",
    "sql": b"1,'; DROP TABLE members; --,1\n",
    "html": b"1,<script>alert(1)</script>,1\n",
    "template": b"1,{{7*7}}${7*7},1\n",
    "combining": ("1,e" + "\u0301" * 1000 + ",1\n").encode(),
    "noncharacter": "1,\uffff\ufdd0,1\n".encode(),
}


def tables() -> list[Hostile]:
    """List hostile CSV and fixed-width files."""
    cases = [*_lines(), *and_gz([*_wholes(), *_encodings(), *_fixed()])]
    cases += [*_fixed_lines(), *_large()]
    for name, data in BINARY.items():
        cases += [one(f"{name}.{f}", f, data, "refused") for f in ("csv", "fixed")]
    return cases


def _lines() -> list[Hostile]:
    cases: list[Hostile] = []
    for name, (line, says) in _REJECTED_LINES.items():
        cases += in_file(name, "csv", line, "rejects", says)
    for name, line in _KEPT_LINES.items():
        cases += in_file(name, "csv", line, "kept")
    # A mark in the middle, as two files put together have it.
    cases += in_file("bom-inside", "csv", b"\xef\xbb\xbf1,a@example.com,1\n", "any")
    return cases


def _wholes() -> list[Hostile]:
    csv = partial(one, form="csv")
    records = good("csv", 100)
    wide = ",".join(f"c{n}" for n in range(10_000)).encode()
    ragged = b"".join(b"," * (n % 7) + b"\n" for n in range(500))
    trailer = {"trailer": "T;{rows};{points}"}
    return [
        csv(name="empty.csv", make=b"", end="error", says="empty"),
        csv(name="only-bom.csv", make=b"\xef\xbb\xbf", end="error", says="empty"),
        csv(name="header-only.csv", make=HEADER, end="kept", good=0),
        csv(name="blank-lines.csv", make=b"\n" * 5000, end="error"),
        csv(name="blank-crlf.csv", make=b" \r\n" * 5000, end="error"),
        csv(name="blank-lines-behind.csv", make=HEADER + b"\n" * 9999, end="kept", good=0),
        csv(name="only-sep.csv", make=b"sep=;\n", end="error"),
        csv(name="only-sep-cut.csv", make=b"sep=", end="error"),
        csv(name="cr-only.csv", make=good_file("csv").replace(b"\n", b"\r"), end="kept", good=300),
        csv(name="no-header.csv", make=b"".join(records), end="error", says="header"),
        csv(name="wide.csv", make=wide + b"\n" + wide + b"\n", end="error", says="lacks"),
        csv(name="duplicate-header.csv", make=b"member_no,email,points,email\n1,2,3,4\n",
            end="error", says="twice"),
        csv(name="reserved-header.csv", make=b"member_no,email,points,_row\n1,2,3,4\n",
            end="error", says="_row"),
        csv(name="header-nul.csv", make=b"member_no,em\0ail,points\n1,2,3\n", end="error"),
        csv(name="header-cp1252.csv", make=b"member_no,email,points,\xe5r\n1,2,3,4\n",
            end="error", says="UTF-8|encoding"),
        csv(name="header-quote.csv", make=b'member_no,"email,points\n' + b"".join(records),
            end="error", says="quote"),
        csv(name="ragged.csv", make=HEADER + ragged, end="rejects"),
        csv(name="quote-open-at-end.csv", make=whole("csv", records) + b'1,"a,1\n',
            end="error", says="quote", at=102),
        csv(name="quote-open-early.csv", make=HEADER + b'1,"a,1\n' + b"".join(records),
            end="error", says="quote", at=2),
        csv(name="quote-only.csv", make=b'"', end="error"),
        csv(name="quotes.csv", make=b'"' * 99_999, end="error"),
        csv(name="cut-last-line.csv", make=whole("csv", records) + b"2,", end="rejects", at=102,
            good=100),
        csv(name="other-delimiter.csv", make=good_file("csv").replace(b",", b";"), end="error"),
        csv(name="trailer-missing.csv", make=whole("csv", records), end="error", **trailer),
        csv(name="trailer-cut.csv", make=whole("csv", records) + b"T;1", end="error", **trailer),
        csv(name="trailer-twice.csv", make=whole("csv", [b"T;1;2\n", *records, b"T;1;2\n"]),
            end="rejects", at=2, good=100, **trailer),
        csv(name="json-as.csv", make=good_file("json"), end="error"),
        csv(name="xml-as.csv", make=good_file("xml"), end="error"),
        csv(name="html-as.csv", make=b"<!DOCTYPE html><html><body>Log in</body></html>",
            end="error"),
    ]  # fmt: skip


def _encodings() -> list[Hostile]:
    text = good_file("csv").decode()
    wide = text.encode("utf-16-le")
    half = len(text) // 2
    mixed = HEADER + "1,åse@example.com,1\n".encode() + "2,åse@example.com,2\n".encode("cp1252")
    csv = partial(one, form="csv")
    return [
        csv(name="utf16-odd.csv", make=b"\xff\xfe" + wide + b"\x31", end="refused"),
        csv(name="utf16-no-bom.csv", make=wide, end="error"),
        csv(name="utf16-named-odd.csv", make=wide[:-1], end="refused", encoding="utf-16-le"),
        csv(name="utf16-wrong-end.csv", make=wide, end="error", encoding="utf-16-be"),
        csv(name="utf16-lone-surrogate.csv", end="rejects", at=2, good=0,
            make=b"\xff\xfe" + HEADER.decode().encode("utf-16-le")
            + b"1\0,\0\x00\xd8a\0,\x001\0\n\0"),
        csv(name="utf16-then-utf8.csv", make=b"\xff\xfe" + wide + text.encode(), end="refused"),
        csv(name="utf8-then-utf16.csv", make=text.encode() + wide, end="refused"),
        csv(name="utf32-out-of-range.csv", end="rejects", at=2, good=0,
            make=b"\xff\xfe\0\0" + (HEADER.decode() + "1,").encode("utf-32-le")
            + b"\0\0\x11\0" + ",1\n".encode("utf-32-le")),
        csv(name="utf32-cut.csv", make=text.encode("utf-32")[:-3], end="refused"),
        csv(name="bom-utf16-named-utf8.csv", make=b"\xff\xfe" + wide, end="error",
            encoding="utf-8"),
        csv(name="bom-utf8-named-utf16.csv", make=b"\xef\xbb\xbf" + text.encode(), end="error",
            encoding="utf-16"),
        csv(name="bom-utf8-named-cp1252.csv", make=b"\xef\xbb\xbf" + text.encode(), end="error",
            encoding="cp1252"),
        csv(name="bom-twice.csv", make=b"\xef\xbb\xbf" * 2 + text.encode(), end="error"),
        csv(name="mixed-encodings.csv", make=mixed, end="rejects", at=3, good=1),
        csv(name="cp1252-hole.csv", make=HEADER + b"1,\x81\x9d,1\n2,b,2\n", end="rejects", at=2,
            good=1, encoding="cp1252"),
        csv(name="utf8-half-cut.csv", make=text.encode()[:half] + b"\xc3", end="rejects"),
    ]  # fmt: skip


def _fixed() -> list[Hostile]:
    fixed = partial(one, form="fixed")
    records = good("fixed", 50)
    letters = f"{1:08}{'åæø@example.com':<24}{1:>8}\n".encode()
    return [
        fixed(name="empty.fixed", make=b"", end="error", says="empty"),
        fixed(name="blank-lines.fixed", make=b"\n" * 500, end="kept", good=0),
        fixed(name="several-bytes.fixed", make=letters * 20, end="kept", good=20),
        fixed(name="no-line-end.fixed", make=b"".join(records)[:-1], end="kept", good=50),
        fixed(name="tabs.fixed", make=b"1\ta@example.com\t1\n" * 9, end="rejects", at=1),
        fixed(name="trailer-missing.fixed", make=b"".join(records), end="error",
              trailer="T{rows}"),
        fixed(name="cr-only.fixed", make=b"".join(records).replace(b"\n", b"\r"), end="kept",
              good=50),
    ]  # fmt: skip


def _fixed_lines() -> list[Hostile]:
    record, cases = good("fixed", 1)[0], list[Hostile]()
    for name, bad, says in (
        ("short-line", record[:20] + b"\n", "short|characters"),
        ("nul", record.replace(b"@", b"\0"), ""),
        ("cp1252", record.replace(b"@", b"\xe5"), "UTF-8|0xe5"),
    ):
        cases += in_file(name, "fixed", bad, "rejects", says)
    return cases


def _large() -> list[Hostile]:
    line = b"1,a@example.com,1\n"
    record = b"1," + b"x" * (30 * MB)
    field = b'1,"' + b"x\n" * (15 * MB) + b'",1\n'
    csv = partial(one, form="csv", large=True)
    return [
        csv(name="line-of-30-mb.csv", make=HEADER + line + record + b",1\n" + line, end="rejects",
            at=3, good=2),
        csv(name="field-of-30-mb.csv", make=HEADER + field + line, end="refused"),
        csv(name="header-of-30-mb.csv", make=b"h" * (30 * MB) + b"\n1\n", end="error"),
        csv(name="no-line-end-100-mb.csv", make=lambda: b"x" * (100 * MB), end="error"),
        csv(name="delimiters-100-mb.csv", make=lambda: HEADER + b"," * (100 * MB), end="refused"),
        csv(name="quotes-30-mb.csv", make=lambda: HEADER + b'"' * (30 * MB + 1), end="refused"),
        csv(name="quote-pairs-30-mb.csv", make=lambda: HEADER + b'"",' * (10 * MB), end="refused"),
        csv(name="short-rows-million.csv", make=lambda: HEADER + b"1\n" * MB, end="rejects",
            at=2),
        csv(name="quote-open-100-mb.csv", make=lambda: HEADER + b'"' + line * (6 * MB),
            end="error"),
        csv(name="wide-rows.csv", end="kept", good=200, make=lambda: b",".join(
            [*(c.encode() for c in COLUMNS), *(b"c%d" % n for n in range(9997))]
        ) + b"\n" + (b"1" + b",1" * 9999 + b"\n") * 200),
        csv(name="blank-30-mb.csv", make=lambda: HEADER + b"\n" * (30 * MB), end="kept", good=0),
        one("line-of-30-mb.fixed", "fixed", b"x" * (30 * MB) + b"\n", "refused", large=True,
            fields=FIELDS),
    ]  # fmt: skip
