"""From a file's bytes to its layout and sampled rows."""

import re
from collections.abc import Sequence
from dataclasses import replace

from connectors.files.detecting import Encoding, detect_encoding
from pipelines.guessing import json_tree, xml_tree
from pipelines.guessing.records import GuessError, Layout, Table
from pipelines.guessing.sampling import Sample, is_workbook
from pipelines.guessing.tables import read_table
from pipelines.guessing.workbooks import read_parquet, read_workbook

CONTROL = 0.02
"""A text with a greater share of control characters is none."""
SURE = 0.8
JSON_STARTS = {*'"{[]}-0123456789tfn', ""}


def read_layout(sample: Sample) -> tuple[Layout, Table]:
    """Judge what a sample is.

    Raises:
        GuessError: nothing can be made of it.
    """
    name = str(sample.file) + (f"!{sample.member}" if sample.member else "")
    if sample.head.startswith(b"PAR1") and not sample.packing:
        return read_parquet(sample.file)
    if sample.head.startswith(b"PK\x03\x04"):
        if sample.packing or not is_workbook(sample.file):
            raise GuessError(f"{name}: an archive inside an archive; unpack the outer one")
        return read_workbook(sample.file)
    if sample.head.startswith(b"\xd0\xcf\x11\xe0"):
        raise GuessError(f"{name}: an old Excel file (.xls); save it as .xlsx or CSV")
    if sample.head.startswith((b"\x1f\x8b", b"BZh91AY", b"\x28\xb5\x2f\xfd", b"PAR1")):
        raise GuessError(f"{name}: packed twice; unpack it once")
    pieces = [p for p in (sample.head, sample.middle, sample.tail) if p]
    encoding = detect_encoding(pieces)
    texts = [piece.decode(encoding.name, "replace") for piece in pieces]
    texts[0] = texts[0].removeprefix("\ufeff")
    _refuse_binary(texts[0], name)
    layout, table = _read_text(texts, sample, name)
    return _with_encoding(layout, encoding, sample), table


def _refuse_binary(text: str, name: str) -> None:
    control = len(re.findall("[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\ufffd]", text[:65_536]))
    if control > max(2, CONTROL * min(len(text), 65_536)):
        raise GuessError(f"{name}: is no text, no workbook and no Parquet; ask what format it is")


def _read_text(texts: Sequence[str], sample: Sample, name: str) -> tuple[Layout, Table]:
    start = texts[0].lstrip()[:1]
    if start == "<":
        return xml_tree.read_xml(texts, ends=sample.ends, file=name)
    if start == "{" and json_tree.is_lines(texts[0].lstrip()):
        return json_tree.read_lines(texts, ends=sample.ends, file=name)
    if start in {"{", "["} and texts[0].lstrip()[1:].lstrip()[:1] in JSON_STARTS:
        return json_tree.read_json(texts, ends=sample.ends, file=name)
    if not start:
        raise GuessError(f"{name}: holds nothing but blanks; ask for a file with records")
    return read_table(texts, ends=sample.ends, file=name)


def _with_encoding(layout: Layout, found: Encoding, sample: Sample) -> Layout:
    words, why, questions = dict(layout.words), dict(layout.why), list(layout.questions)
    if not found.marked and found.name != "utf-8":
        words = {"encoding": found.name, **words}
    why["encoding"] = f"{found.name}, confidence {found.confidence:.2f}: {found.why}"
    if found.confidence < SURE:
        rival = f" or {found.alike[0]}" if found.alike else ""
        questions.append(
            f"is the file {found.name}{rival}? look at names with letters such as æøå in a preview"
        )
    if sample.cut:
        questions.append(f"{sample.cut}: ask for the whole file")
    if sample.members > 1:
        questions.append(
            f"the archive holds {sample.members} files and one was judged; "
            "`member` chooses among them, all must have the same columns"
        )
    return replace(layout, words=words, why=why, questions=tuple(questions))
