"""Hostile XML."""

from functools import partial

from sample_data.hostile_kinds import (
    Hostile,
    and_gz,
    good,
    good_file,
    in_file,
    one,
)
from sample_data.hostile_tables import BINARY, MB

DEEP = 200_000
_START = b"<Members>"
_FILE = b"file:///etc/passwd"


def _doc(inner: bytes, doctype: bytes = b"") -> bytes:
    return b'<?xml version="1.0"?>\n' + doctype + _START + inner + b"</Members>\n"


def _member(text: bytes) -> bytes:
    return b"<Member><MemberNo>1</MemberNo><Email>" + text + b"</Email><Points>1</Points></Member>"


_LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (n, (b"&l%d;" % (n - 1)) * 10 if n else b"ha") for n in range(10)
)
_DOCTYPES = {
    "xxe-internal": b'<!DOCTYPE m [<!ENTITY e "inner">]>',
    "xxe-external": b'<!DOCTYPE m [<!ENTITY e SYSTEM "' + _FILE + b'">]>',
    "xxe-public": b'<!DOCTYPE m [<!ENTITY e PUBLIC "x" "http://127.0.0.1:9/x">]>',
    "xxe-parameter": b'<!DOCTYPE m [<!ENTITY % p SYSTEM "' + _FILE + b'"> %p;]>',
    "external-dtd": b'<!DOCTYPE m SYSTEM "http://127.0.0.1:9/evil.dtd">',
    "billion-laughs": b"<!DOCTYPE m [" + _LAUGHS + b'<!ENTITY e "&l9;">]>',
    "quadratic": b'<!DOCTYPE m [<!ENTITY e "' + b"a" * 50_000 + b'">]>',
    "attribute-defaults": b'<!DOCTYPE m [<!ATTLIST Member x CDATA "' + b"a" * 9999 + b'">]>',
    "doctype-lower": b"<!doctype m>",
    "doctype-behind-comment": b"<!-- " + b"x" * 70_000 + b" --><!DOCTYPE m []>",
    "doctype-behind-pi": b"<?php echo 1 ?>\n<!DOCTYPE m []>",
    "doctype-cut": b"<!DOCTYPE m [",
}
# Records that are wrong though the document is well formed.
_REJECTED = {
    "element-in-text": _member(b"a<b>b</b>"),
    "text-twice": _member(b"a</Email><Email>b"),
    "long-field": _member(b"x" * 200_000),
    "attributes-101": _member(b"a").replace(
        b"<Email>", b"<Email " + b" ".join(b'a%d=""' % n for n in range(101)) + b">"
    ),
    "over-depth": _member(b"a").replace(b"<Points>", b"<X>" * 70 + b"</X>" * 70 + b"<Points>"),
}
_KEPT = {
    "cdata": _member(b"<![CDATA[<a>&b;]]>"),
    "cdata-split": _member(b"<![CDATA[]]]]><![CDATA[>]]>"),
    "comments": _member(b"a<!-- " + b"x" * 9999 + b" -->b"),
    "instruction": _member(b'<?xml-stylesheet href="http://127.0.0.1:9/x"?>a'),
    "xinclude": _member(b"a").replace(
        b"<Points>",
        b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="' + _FILE + b'"/><Points>',
    ),
    "rtl": _member("\u202emoc.elpmaxe@a".encode()),
    "references": _member(b"&#x41;&#66;&lt;&amp;"),
    "base": _member(b"a").replace(b"<Member>", b'<Member xml:base="' + _FILE + b'">'),
}
# What is no XML, wherever it stands.
_MALFORMED = {
    "nul": _member(b"a\0b"),
    "control": _member(b"a\x01b"),
    "reference-to-nul": _member(b"a&#0;b"),
    "reference-to-surrogate": _member(b"&#xD800;"),
    "reference-beyond": _member(b"&#x110000;"),
    "reference-huge": _member(b"&#" + b"9" * 5000 + b";"),
    "entity-unknown": _member(b"&nbsp;"),
    "noncharacter": _member("\uffff".encode()),
    "ampersand": _member(b"a & b"),
    "not-closed": b"<Member><MemberNo>1</Member>",
    "closed-twice": _member(b"a") + b"</Member>",
    "prefix-unknown": _member(b"<x:y/>"),
    "attribute-twice": b'<Member a="1" a="2"/>',
    "attribute-bare": b"<Member a=1/>",
    "doctype-inside": b"<!DOCTYPE m [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" + _member(b"&e;"),
    "declaration-inside": b'<?xml version="1.0"?>' + _member(b"a"),
    "cdata-open": b"<Member><Email><![CDATA[ x </Email></Member>",
    "comment-open": b"<Member><!-- </Member>",
    "comment-dashes": b"<Member><!-- a -- b --></Member>",
    "attributes-100000": b"<Member " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/>",
    "deep": b"<Member>" + b"<a>" * DEEP + b"</a>" * DEEP + b"</Member>",
    "open-deep": b"<Member>" + b"<a>" * DEEP,
    "name-huge": b"<" + b"M" * 200_000 + b"/>",
    "namespace-many": b"<Member " + b" ".join(b'xmlns:a%d="u"' % n for n in range(9999)) + b"/>",
}


def xmls() -> list[Hostile]:
    """List hostile XML files."""
    cases: list[Hostile] = []
    for name, record in _REJECTED.items():
        cases += in_file(name, "xml", record, "rejects")
    for name, record in _KEPT.items():
        cases += in_file(name, "xml", record, "kept")
    for name, record in _MALFORMED.items():
        cases += in_file(name, "xml", record, "any" if name == "namespace-many" else "refused")
    for name in ("cp1252", "overlong", "surrogate-in-utf8"):
        raw = {"cp1252": b"\xe5", "overlong": b"\xc0\xaf"}.get(name, b"\xed\xa0\x80")
        cases += in_file(name, "xml", _member(raw), "refused", "")
    cases += [one(f"{name}.xml", "xml", data, "error") for name, data in BINARY.items()]
    return [*cases, *and_gz([*_doctypes(), *_wholes()]), *_large()]


def _doctypes() -> list[Hostile]:
    body = _member(b"&e;" * 200)
    cases = [
        one(f"{name}.xml", "xml", _doc(body, doctype), "error")
        for name, doctype in _DOCTYPES.items()
    ]
    for encoding in ("utf-16", "utf-16-be", "utf-32"):
        text = _doc(body, _DOCTYPES["xxe-external"]).decode().encode(encoding)
        cases.append(one(f"doctype-{encoding}.xml", "xml", text, "error"))
    return cases


def _wholes() -> list[Hostile]:
    xml = partial(one, form="xml")
    text = good_file("xml")
    records = b"".join(good("xml", 50))
    latin = text.replace(b"m7@", b"\xe5@")
    return [
        xml(name="empty.xml", make=b"", end="error", says="empty"),
        xml(name="only-bom.xml", make=b"\xef\xbb\xbf", end="error", says="empty"),
        xml(name="blank.xml", make=b" \n" * 5000, end="error"),
        xml(name="declaration-only.xml", make=b'<?xml version="1.0"?>', end="error"),
        xml(name="root-only.xml", make=b"<Members/>", end="kept", good=0),
        xml(name="root-open.xml", make=b"<Members>", end="error"),
        xml(name="cut.xml", make=text[:-200], end="error", says="cut"),
        xml(name="cut-at-border.xml", make=text[: text.rindex(b"</Members>")], end="error"),
        xml(name="cut-in-tag.xml", make=text[:-5], end="error"),
        xml(name="two-roots.xml", make=text + _START + records + b"</Members>", end="error"),
        xml(name="garbage-behind.xml", make=text + b"garbage", end="error"),
        xml(name="nul-behind.xml", make=text + bytes(5), end="error"),
        xml(name="no-root.xml", make=records, end="error"),
        xml(name="wrong-case.xml", make=text.replace(b"Member>", b"MEMBER>"), end="error"),
        xml(name="wrong-name.xml", make=text.replace(b"Member>", b"Person>"), end="error"),
        xml(name="namespaced.xml", make=text.replace(b"<Members>", b'<Members xmlns="urn:x">'),
            end="kept", good=300),
        xml(name="wrong-namespace.xml", make=text, end="error", record="{urn:y}Member"),
        xml(name="path-wrong.xml", make=text, end="error", record="Export.Member"),
        xml(name="says-utf8-is-latin1.xml", make=latin, end="rejects", says="UTF-8", at=7,
            good=299),
        xml(name="says-utf16-is-utf8.xml", make=text.replace(b"UTF-8", b"UTF-16"), end="any"),
        xml(name="says-nothing-known.xml", make=text.replace(b"UTF-8", b"x-user"), end="error"),
        xml(name="says-utf7.xml", make=text.replace(b"UTF-8", b"UTF-7"), end="error"),
        xml(name="says-idna.xml", make=text.replace(b"UTF-8", b"idna"), end="error"),
        xml(name="bom-utf16-says-utf8.xml", end="kept", good=300,
            make=text.decode().encode("utf-16")),
        xml(name="utf16-odd.xml", make=text.decode().encode("utf-16")[:-1], end="refused"),
        xml(name="version-2.xml", make=text.replace(b'"1.0"', b'"2.0"'), end="any"),
        xml(name="html-as.xml", make=b"<html><body>Log in<br></body></html>", end="error"),
        xml(name="json-as.xml", make=good_file("json"), end="error"),
        xml(name="comment-endless.xml", make=b"<!-- " + b"x" * 300_000, end="error"),
        xml(name="instructions.xml", make=b"<?a b?>" * 50_000 + b"<Members/>", end="any"),
        xml(name="root-deep.xml", make=b"<a>" * DEEP + b"</a>" * DEEP, end="error"),
        xml(name="root-attributes.xml", end="refused",
            make=b"<Members " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/>"),
        xml(name="xslt.xml", end="kept", good=0,
            make=b'<?xml-stylesheet type="text/xsl" href="#s"?><Members/>'),
    ]  # fmt: skip


def _large() -> list[Hostile]:
    xml = partial(one, form="xml", large=True, end="refused")
    return [
        xml(name="text-of-30-mb.xml", make=lambda: _doc(_member(b"x" * (30 * MB)))),
        xml(name="cdata-of-30-mb.xml",
            make=lambda: _doc(_member(b"<![CDATA[" + b"x" * (30 * MB) + b"]]>"))),
        xml(name="attribute-of-30-mb.xml",
            make=lambda: _doc(b'<Member a="' + b"x" * (30 * MB) + b'"/>')),
        xml(name="comment-of-30-mb.xml", make=lambda: _doc(b"<!--" + b"x" * (30 * MB) + b"-->")),
        xml(name="prolog-comments-30-mb.xml", end="any",
            make=lambda: b"<!--x-->" * (4 * MB) + b"<Members/>"),
        xml(name="tag-of-30-mb.xml", make=lambda: b"<" + b"M" * (30 * MB)),
        xml(name="deep-30-mb.xml", make=lambda: _START + b"<a>" * (10 * MB)),
        xml(name="elements-beside-70-mb.xml", make=lambda: _doc(b"<a/>" * (18 * MB))),
        xml(name="elements-inside-100-mb.xml",
            make=lambda: _doc(b"<Member>" + b"<a/>" * (25 * MB) + b"</Member>")),
        xml(name="text-beside-100-mb.xml", make=lambda: _doc(b"text " * (20 * MB))),
        xml(name="names-many-30-mb.xml", end="any", make=lambda: _doc(
            b"".join(b"<Member><e%d/></Member>" % n for n in range(MB)))),
        xml(name="references-30-mb.xml", make=lambda: _doc(_member(b"&#65;" * (6 * MB)))),
    ]  # fmt: skip
