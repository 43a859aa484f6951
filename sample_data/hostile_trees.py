"""Hostile JSON and NDJSON."""

from functools import partial
from typing import Any

from sample_data.hostile_kinds import (
    End,
    Hostile,
    and_gz,
    good,
    good_file,
    in_file,
    one,
    whole,
)
from sample_data.hostile_tables import BINARY, MB

DEEP = 200_000


def _record(value: bytes) -> bytes:
    return b'{"member_no":"1","email":"a@example.com","points":' + value + b"}"


# A value of a record, how a line of NDJSON with it ends, and how an array with it ends.
_VALUES: dict[str, tuple[bytes, End, End]] = {
    "nan": (b"NaN", "rejects", "rejects"),
    "infinity": (b"-Infinity", "rejects", "rejects"),
    "1e999": (b"1e999", "rejects", "rejects"),
    "minus-1e999": (b"-1E+999", "rejects", "rejects"),
    "tiny": (b"1e-999", "kept", "kept"),
    "number-of-400-digits": (b"9" * 400, "any", "any"),
    "number-of-5000-digits": (b"9" * 5000, "any", "any"),
    "ids-of-20-digits": (b"12345678901234567890", "kept", "kept"),
    "lone-surrogate": (b'"\\ud800"', "rejects", "rejects"),
    "low-surrogate": (b'"\\udc00x"', "rejects", "rejects"),
    "surrogates-swapped": (b'"\\udc00\\ud800"', "rejects", "rejects"),
    "escaped-nul": (b'"a\\u0000b"', "rejects", "rejects"),
    "object-for-text": (b'{"a":1}', "rejects", "rejects"),
    "array-for-text": (b"[[1],{}]", "rejects", "rejects"),
    "duplicate-key": (b'1,"points":2', "rejects", "rejects"),
    "duplicate-key-escaped": (b'1,"p\\u006fints":2', "rejects", "rejects"),
    "long-field": (b'"' + b"x" * 200_000 + b'"', "rejects", "rejects"),
    "rtl": ('"\u202ecod.exe\u202c"'.encode(), "kept", "kept"),
    "formula": (b"\"=cmd|'/C calc'!A0\"", "kept", "kept"),
    "html": (b'"</script><script>alert(1)</script>"', "kept", "kept"),
    "cp1252": (b'"\xe5se"', "rejects", "rejects"),
    "overlong": (b'"\xc0\xaf"', "rejects", "rejects"),
    "surrogate-in-utf8": (b'"\xed\xa0\x80"', "rejects", "rejects"),
    "deep-array": (b"[" * DEEP + b"]" * DEEP, "rejects", "refused"),
    "deep-object": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "rejects", "refused"),
    "over-depth": (b"[" * 65 + b"]" * 65, "rejects", "rejects"),
    "raw-nul": (b'"a\0b"', "rejects", "refused"),
    "raw-control": (b'"a\x01b"', "rejects", "refused"),
    "leading-zero": (b"01", "rejects", "refused"),
    "plus": (b"+1", "rejects", "refused"),
    "no-whole-part": (b".5", "rejects", "refused"),
    "no-fraction": (b"5.", "rejects", "refused"),
    "hex": (b"0x1F", "rejects", "refused"),
    "single-quotes": (b"'a'", "rejects", "refused"),
    "python-none": (b"None", "rejects", "refused"),
    "bad-escape": (b'"\\x41"', "rejects", "refused"),
    "cut-escape": (b'"\\u12"', "rejects", "refused"),
    "trailing-comma": (b"1,", "rejects", "refused"),
    "comment": (b"1 /* one */", "rejects", "refused"),
    "no-value": (b"", "rejects", "refused"),
    "open-text": (b'"a', "rejects", "refused"),
    "open-array": (b"[", "rejects", "refused"),
    "open-deep": (b"[" * DEEP, "rejects", "refused"),
    "close-deep": (b"]" * DEEP, "rejects", "refused"),
}
_RECORDS: dict[str, tuple[bytes, End, End]] = {
    "scalar": (b"1", "rejects", "refused"),
    "null-record": (b"null", "rejects", "refused"),
    "array": (b"[1]", "rejects", "refused"),
    "twice": (b"{} {}", "rejects", "refused"),
    "behind": (_record(b"1") + b" x", "rejects", "refused"),
    "bom-inside": (b"\xef\xbb\xbf" + _record(b"1"), "any", "refused"),
    "word": (b"garbage", "rejects", "refused"),
    "many-keys-one-twice": (
        _record(b"1," + b",".join(b'"k%d":1' % n for n in range(50_000)) + b',"k49999":2'),
        "rejects",
        "rejects",
    ),
    "many-keys": (_record(b"1," + b",".join(b'"k%d":1' % n for n in range(50_000))),
                  "kept", "kept"),
}  # fmt: skip


def trees() -> list[Hostile]:
    """List hostile JSON and NDJSON files."""
    cases: list[Hostile] = []
    values = {name: (_record(text), line, array) for name, (text, line, array) in _VALUES.items()}
    records = _RECORDS | values
    for name, (record, line_end, array_end) in records.items():
        if b"\n" not in record and name != "array":
            cases += in_file(name, "ndjson", record + b"\n", line_end)
        cases += in_file(name, "json", record, array_end)
    for name, data in BINARY.items():
        cases += [one(f"{name}.{f}", f, data, "refused") for f in ("json", "ndjson")]
    return [*cases, *and_gz([*_lines(), *_arrays(), *_paths()]), *_large()]


def _lines() -> list[Hostile]:
    lines = partial(one, form="ndjson")
    records = b"".join(good("ndjson", 100))
    return [
        lines(name="empty.ndjson", make=b"", end="error", says="empty"),
        lines(name="only-bom.ndjson", make=b"\xef\xbb\xbf", end="error", says="empty"),
        lines(name="blank-lines.ndjson", make=b" \n\t\n" * 500, end="kept", good=0),
        lines(name="cut-last-line.ndjson", make=records[:-20], end="rejects", at=100, good=99),
        lines(name="array-as.ndjson", make=good_file("json"), end="error", says="array"),
        lines(name="csv-as.ndjson", make=good_file("csv"), end="refused"),
        lines(name="xml-as.ndjson", make=good_file("xml"), end="refused"),
        lines(name="utf16-odd.ndjson", make=records.decode().encode("utf-16")[:-1], end="refused"),
        lines(name="cr-only.ndjson", make=records.replace(b"\n", b"\r"), end="refused"),
        lines(name="pretty.ndjson", make=records.replace(b",", b",\n"), end="rejects", at=1),
    ]


def _arrays() -> list[Hostile]:
    array = partial(one, form="json")
    text = good_file("json")
    return [
        array(name="empty.json", make=b"", end="error", says="empty"),
        array(name="only-bom.json", make=b"\xef\xbb\xbf", end="error", says="empty"),
        array(name="blank.json", make=b" \n" * 5000, end="error"),
        array(name="no-records.json", make=b"[ ]\n", end="kept", good=0),
        array(name="object.json", make=b'{"members": []}', end="error", says="object"),
        array(name="null.json", make=b"null", end="error"),
        array(name="text.json", make=b'"members"', end="error"),
        array(name="number.json", make=b"1" * 100_000, end="error"),
        array(name="only-open.json", make=b"[", end="error", says="cut"),
        array(name="open-deep-alone.json", make=b"[" * DEEP, end="error"),
        array(name="open-objects-alone.json", make=b'{"a":' * DEEP, end="error"),
        array(name="cut.json", make=text[:-400], end="error", says="cut"),
        array(name="cut-in-text.json", make=text[: text.rindex(b"@")], end="error", says="cut"),
        array(name="no-close.json", make=text.rstrip()[:-1], end="error", says="cut"),
        array(name="comma-last.json", make=text.rstrip()[:-1] + b",]", end="error"),
        array(name="no-comma.json", make=text.replace(b"},\n", b"}\n", 50), end="error"),
        array(name="garbage-behind.json", make=text + b"garbage", end="error", says="follows"),
        array(name="nul-behind.json", make=text + bytes(9), end="error", says="follows"),
        array(name="two-arrays.json", make=text + text, end="error", says="follows"),
        array(name="ndjson-as.json", make=good_file("ndjson"), end="error", says="ndjson"),
        array(name="html-as.json", make=b"<html><body>Log in</body></html>", end="error"),
        array(name="utf16-odd.json", make=text.decode().encode("utf-16")[:-1], end="refused"),
        array(name="utf16-no-bom.json", make=text.decode().encode("utf-16-le"), end="error"),
        array(name="brackets-wrong.json", make=b'[{"member_no":"1"]}', end="error"),
        array(name="numbers.json", make=b"[1,2,3]", end="error", says="objects"),
        array(name="arrays.json", make=b"[[1],[2]]", end="error", says="objects"),
    ]


def _paths() -> list[Hostile]:
    """Arrays that lie below other things."""
    below = partial(one, form="json", record="export.members")
    array = good_file("json", 100)
    wrapped = b'{"export":{"members":' + array + b"}}"
    total: dict[str, Any] = {"totals": {"rows": "export.count"}}
    return [
        below(name="path-not-there.json", make=b'{"export":{"other":[]}}', end="error"),
        below(name="path-through-text.json", make=b'{"export":"x"}', end="error"),
        below(name="path-through-number.json", make=b'{"export":1}', end="error"),
        below(name="path-through-array.json", make=b'{"export":[{"members":[]}]}', end="error"),
        below(name="path-to-object.json", make=b'{"export":{"members":{}}}', end="error"),
        below(name="path-to-null.json", make=b'{"export":{"members":null}}', end="refused"),
        below(name="path-cut.json", make=wrapped[:-2], end="error", says="cut"),
        below(name="path-cut-records.json", make=wrapped[:-300], end="error", says="cut"),
        below(name="path-garbage.json", make=wrapped + b"x", end="error"),
        below(name="path-array-alone.json", make=array, end="error"),
        below(name="path-deep-before.json", end="error",
              make=b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"," + wrapped[1:]),
        below(name="path-deep-behind.json", end="error",
              make=wrapped[:-1] + b',"x":' + b"[" * DEEP + b"]" * DEEP + b"}"),
        below(name="path-twice.json", end="error",
              make=wrapped[:-1] + b',"export":{"members":[{"member_no":"9"}]}}'),
        below(name="path-array-twice.json", end="error",
              make=wrapped[:-2] + b',"members":[{"member_no":"9"}]}}'),
        below(name="total-is-object.json", end="any", **total,
              make=wrapped[:-2] + b',"count":{"a":1}}}'),
        below(name="path-in-text.json", end="error",
              make=b'{"note":"\\"export\\":{\\"members\\":[{}]}","export":{}}'),
        below(name="path-nan-beside.json", end="refused", make=b'{"x":NaN,' + wrapped[1:]),
        below(name="path-bad-utf8-beside.json", end="any",
              make=b'{"x":"\xe5",' + wrapped[1:]),
    ]  # fmt: skip


def _large() -> list[Hostile]:
    def file(form: str, value: bytes, end: End, name: str) -> Hostile:
        tail = b"\n" if form == "ndjson" else b""
        make = partial(_one_value, form, value, tail)
        return one(f"{name}.{form}", form, make, end, large=True)

    text = b'"' + b"x" * (30 * MB) + b'"'
    return [
        file("json", text, "rejects", "field-of-30-mb"),
        file("ndjson", text, "rejects", "line-of-30-mb"),
        file("json", b"[" * (30 * MB), "error", "open-deep-30-mb"),
        file("ndjson", b"[" * (30 * MB), "rejects", "open-deep-30-mb"),
        file("json", b'{"a":' * (6 * MB), "error", "open-objects-30-mb"),
        file("json", b"[" + b"1," * (15 * MB) + b"1]", "refused", "list-of-30-mb"),
        file("ndjson", b"9" * (30 * MB), "refused", "number-of-30-mb"),
        file("json", b"1." + b"9" * (10 * MB), "any", "fraction-of-10-mb"),
        file("json", b'"' + b"\\u0041" * (5 * MB) + b'"', "refused", "escapes-of-30-mb"),
        one("objects-empty-million.json", "json", lambda: b"[" + b"{}," * MB + b"{}]", "kept",
            large=True, good=MB + 1),
        one("blank-100-mb.json", "json", lambda: b"[" + b" " * (100 * MB) + b"]", "any",
            large=True),
        one("path-text-100-mb.json", "json", large=True, record="export.members",
            make=lambda: b'{"x":"' + b"x" * (100 * MB) + b'","export":{"members":[]}}',
            end="any"),
        one("path-brackets-100-mb.json", "json", large=True, record="export.members",
            make=lambda: b'{"x":' + b"[" * (100 * MB), end="error"),
    ]  # fmt: skip


def _one_value(form: str, value: bytes, tail: bytes) -> bytes:
    return whole(form, [_record(value) + tail])
