"""From a file to its layout and sampled rows."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from connectors.files import Part
from connectors.files.detecting import Encoding, detect_encoding
from connectors.files.sampling import Sample, list_unknown, take_sample
from connectors.files.source import HIDDEN
from pipelines.feeds.source import SUFFIXES
from pipelines.guessing import json_tree, xml_tree
from pipelines.guessing.records import GuessError, Layout, Table
from pipelines.guessing.tables import read_table
from pipelines.guessing.workbooks import read_parquet, read_workbook

CONTROL = 0.02
"""A text with a greater share of control characters is none."""
SURE = 0.8
ELSEWHERE = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:/|[*?\[]")
PAGE = re.compile(
    r"(<\?xml[^>]*>\s*)?(<!--.{0,2000}?-->\s*)?<(html|!doctype\s+html|table|head|body|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
JSON_STARTS = {*'"{[]}-0123456789tfn', ""}


def read_layout(path: Path) -> tuple[Layout, Table, Part]:
    """Judge what a file is, or the first of a folder or an archive.

    Raises:
        GuessError: nothing can be made of it.
        SourceError: it cannot be read.
    """
    parts = list_unknown(_first(path))
    part = parts[0]
    layout, table = _judge(part, take_sample(part))
    if path.is_dir():
        layout = _ask_of_folder(layout, path)
    if len(parts) > 1:
        question = (
            f"the archive holds {len(parts)} files and one was judged; "
            "`member` chooses among them, all must have the same columns"
        )
        layout = replace(layout, questions=(*layout.questions, question))
    return layout, table, part


def _first(path: Path) -> Path:
    """Choose a file of a folder: the first whose name tells a format, or the first of all."""
    try:
        path.stat()
        if not path.is_dir():
            return path
        files = _list_files(path)
    except (OSError, ValueError) as error:
        if found := ELSEWHERE.search(str(path)):
            what = "an address" if ":" in found[0] else "a pattern"
            hint = "guess takes a file or a folder on this machine"
            raise GuessError(f"{path}: is {what}, not a file; {hint}") from None
        reason = getattr(error, "strerror", None) or "no such path"
        raise GuessError(f"{path}: cannot be read: {reason}") from None
    if not files:
        raise GuessError(f"{path}: no file is in this folder")
    return next((p for p in files if SUFFIXES.keys() & {*map(str.lower, p.suffixes)}), files[0])


def _ask_of_folder(layout: Layout, folder: Path) -> Layout:
    files = _list_files(folder)
    if len(files) < 2:
        return layout
    ends = sorted({"".join(p.suffixes[-2:]).lower() or "no suffix" for p in files})
    question = (
        f"the folder holds {len(files)} files ({', '.join(ends[:5])}) and one was judged; "
        "`member` chooses among them, all must have the same columns"
    )
    return replace(layout, questions=(*layout.questions, question))


def _list_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(HIDDEN))


def _judge(part: Part, sample: Sample) -> tuple[Layout, Table]:
    if sample.form == "parquet":
        return read_parquet(part)
    if sample.form == "xlsx":
        return read_workbook(part)
    encoding = detect_encoding(sample.pieces)
    texts = [piece.decode(encoding.name, "replace") for piece in sample.pieces]
    texts[0] = texts[0].removeprefix("\ufeff")
    _refuse_binary(texts[0], part.label)
    layout, table = _read_text(texts, ends=sample.ends, file=part.label)
    return _with_encoding(layout, encoding, sample.fault), table


def _refuse_binary(text: str, name: str) -> None:
    control = len(re.findall("[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\ufffd]", text[:65_536]))
    if control > max(2, CONTROL * min(len(text), 65_536)):
        raise GuessError(f"{name}: is no text, no workbook and no Parquet; ask what format it is")


def _read_text(texts: Sequence[str], *, ends: bool, file: str) -> tuple[Layout, Table]:
    start = texts[0].lstrip()[:1]
    if PAGE.match(texts[0].lstrip()):
        hint = "open it in Excel and save it as .xlsx or CSV"
        raise GuessError(f"{file}: is a web page, not data; {hint}")
    if start == "<":
        return xml_tree.read_xml(texts, ends=ends, file=file)
    if start == "{" and json_tree.is_lines(texts[0].lstrip()):
        return json_tree.read_lines(texts, ends=ends, file=file)
    if start in {"{", "["} and texts[0].lstrip()[1:].lstrip()[:1] in JSON_STARTS:
        return json_tree.read_json(texts, ends=ends, file=file)
    if not start:
        raise GuessError(f"{file}: holds nothing but blanks; ask for a file with records")
    return read_table(texts, ends=ends, file=file)


def _with_encoding(layout: Layout, found: Encoding, fault: str) -> Layout:
    words, why, questions = dict(layout.words), dict(layout.why), list(layout.questions)
    if not found.marked and found.name != "utf-8":
        words = {"encoding": found.name, **words}
    why["encoding"] = f"{found.name}, confidence {found.confidence:.2f}: {found.why}"
    if found.confidence < SURE:
        rival = f" or {found.alike[0]}" if found.alike else ""
        questions.append(
            f"is the file {found.name}{rival}? look at names with letters such as æøå in a preview"
        )
    if fault:
        questions.append(f"only some of it could be unpacked: {fault}")
    return replace(layout, words=words, why=why, questions=tuple(questions))
