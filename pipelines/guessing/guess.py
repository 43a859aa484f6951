"""The door: a file in, a guess of a whole feed out."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from connectors.files import Part, SourceError
from pipelines import ROOT
from pipelines.feeds.source import PACKED, format_of
from pipelines.feeds.words import RESERVED
from pipelines.guessing.amounts import find_levels, group_rows, read_numbers
from pipelines.guessing.kinds import mask
from pipelines.guessing.layouts import read_layout
from pipelines.guessing.matching import (
    Candidate,
    assign,
    find_candidates,
    find_refuted,
    pin,
    rival_of,
)
from pipelines.guessing.members import MemberWords
from pipelines.guessing.numbers import Style
from pipelines.guessing.profiles import CLEAR, Profile, profile_columns
from pipelines.guessing.receipts import ReceiptWords
from pipelines.guessing.records import LOW, Guess, GuessError, Layout, Match, Table, Target
from pipelines.guessing.trailers import name_totals
from pipelines.guessing.weighing import find_by_lines, weigh
from validators.fields import MEMBER_FIELDS, RECEIPT_FIELDS

TELLING = {
    "members": {"email", "mobilePhone", "firstName", "lastName", ":full", "birthDate", "gender",
                "zip", "city", "address", "externalId"},
    "receipts": {"Header.ReceiptId", "Header.StoreId", "Header.TimeStamp", "Items.Quantity",
                 "Items.ProductId", "Items.GrossAmount", "Items.LineNo", "Items.ProductName"},
}  # fmt: skip


UNSURE = 0.6
"""What a column can be at most whose name says something else than its values."""


def guess_file(
    path: Path, target: Target | None = None, chosen: Mapping[str, str] | None = None
) -> Guess:
    """Guess what a file is and how it becomes members or receipts.

    Args:
        path: a file, plain or packed, or a folder whose first file is judged.
        target: what its records are, where it is known.
        chosen: column → what a person says it is: a wire name, or LEFT, OWN, FULL or CLOCK. The
            rest is guessed around it.

    Raises:
        GuessError: nothing can be made of the file; the message is one line.
    """
    try:
        layout, table, part = read_layout(path)
    except SourceError as error:
        raise GuessError(str(error)) from None
    kept = {name: values for name, values in table.columns.items() if name not in RESERVED}
    table = replace(table, columns=kept)
    if not table.columns:
        raise GuessError(f"{path}: no columns were found; ask what format it is")
    profiles, style = profile_columns(table)
    chosen = {column: what for column, what in (chosen or {}).items() if column in table.columns}
    judged: dict[Target, tuple[float, dict[str, Candidate], list[Candidate]]] = {}
    for one in ("members", "receipts") if target is None else (target,):
        subject = _subject(one, layout, table)
        candidates, given = _judge(one, table, profiles, style, subject=subject, chosen=chosen)
        judged[one] = _weight(one, given), given, candidates
    likely = max(judged, key=lambda t: judged[t][0])
    weight, given, candidates = judged[likely]
    other = sum(w for t, (w, _, _) in judged.items() if t != likely)
    sure = 1.0 if target else round(weight / (weight + other), 2) if weight else 0.5
    questions = list(layout.questions)
    if not target and (sure < 0.65 or weight < 1.5):
        questions.insert(0, "members or receipts? too few columns tell; say --target")
    questions += _rivals(given, candidates)
    doubtful = {name: p for name, p in profiles.items() if name not in chosen}
    refuted = find_refuted(doubtful, likely, given, _subject(likely, layout, table))
    for column, named in refuted.items():
        what = "most of its values do not fit, or not in one way of writing: what are they?"
        questions.append(f"`{column}` has the name of {named.concept}, but {what}")
    given = given | {c: _doubt(given.get(c), named) for c, named in refuted.items()}
    return _build((path, layout, table, part), (profiles, style, given), likely, sure, questions)


def sample_columns(path: Path, count: int = 3) -> dict[str, list[str]]:
    """Give some different values of each column, as they stand in the file: personal data.

    Raises:
        GuessError: nothing can be made of the file.
    """
    try:
        _, table, _ = read_layout(path)
    except SourceError as error:
        raise GuessError(str(error)) from None
    return {
        name: list(dict.fromkeys(filter(None, map(str.strip, values))))[:count]
        for name, values in table.columns.items()
    }


def _subject(target: Target, layout: Layout, table: Table) -> str:
    """Say whose number the id of a record is."""
    if layout.format not in {"json", "ndjson", "xml"}:
        return ""
    if target == "receipts":
        return "receipt" if table.inside else ""
    return "member"


def _judge(
    target: Target,
    table: Table,
    profiles: Mapping[str, Profile],
    style: Style,
    *,
    subject: str,
    chosen: Mapping[str, str],
) -> tuple[list[Candidate], dict[str, Candidate]]:
    if target == "members":
        candidates = pin(find_candidates(profiles, target, {}, subject), chosen)
        return candidates, assign(candidates, profiles)
    numbers = read_numbers(table, profiles, style)
    levels: dict[str, str] = {}
    nested = bool(table.inside)
    if nested:
        levels = {name: "line" if name in table.inside else "receipt" for name in table.columns}
        groups = _nested_groups(table)
    else:
        first = assign(pin(find_candidates(profiles, target, {}, subject), chosen), profiles)
        concepts = ("Header.StoreId", "Header.ReceiptId")
        key = [column for column, c in first.items() if c.concept in concepts]
        named = any(c.concept == "Header.ReceiptId" for c in first.values())
        groups = group_rows(table, key) if named else []
        levels = find_levels(table, groups)
    candidates = find_candidates(profiles, target, levels, subject)
    if not nested:
        candidates = find_by_lines(table, candidates)
    candidates = pin(weigh(candidates, numbers, groups), chosen)
    return candidates, assign(candidates, profiles)


def _nested_groups(table: Table) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for row, record in enumerate(table.record):
        groups.setdefault(record, []).append(row)
    return list(groups.values())


def _weight(target: Target, given: Mapping[str, Candidate]) -> float:
    return sum(c.confidence for c in given.values() if c.concept in TELLING[target])


def _doubt(held: Candidate | None, named: Candidate) -> Candidate:
    """Mark a column whose name is known for a field that its values are not."""
    if held is None or held.confidence < LOW:
        concept = f":no {named.concept}"
        return replace(named, concept=concept, confidence=UNSURE)
    why = f"{held.why}; its name says {named.concept}"
    return replace(held, confidence=min(held.confidence, UNSURE), why=why)


def _rivals(given: Mapping[str, Candidate], candidates: list[Candidate]) -> list[str]:
    told = []
    for candidate in given.values():
        rival = rival_of(candidate, candidates, given)
        if rival and not candidate.concept.startswith(":"):
            told.append(
                f"{candidate.concept} is taken from `{candidate.column}`; "
                f"`{rival.column}` would fit too: which is right?"
            )
    return told


def _build(
    read: tuple[Path, Layout, Table, Part],
    judged: tuple[Mapping[str, Profile], Style, dict[str, Candidate]],
    target: Target,
    sure: float,
    questions: list[str],
) -> Guess:
    path, layout, table, part = read
    profiles, style, given = judged
    named = "header" not in layout.words or any(
        not name.startswith("column_") for name in table.columns
    )
    named = named and not all(n.startswith("field_") for n in table.columns)
    receipts: dict[str, object] = {}
    words: MemberWords | ReceiptWords
    if target == "members":
        words = MemberWords(profiles, given, named=named)
        layout = replace(layout, words={k: v for k, v in layout.words.items() if k != "items"})
        words.matches = [_outside(m, table) for m in words.matches]
    else:
        words = ReceiptWords(profiles, given, table, nested=bool(table.inside))
        receipts = words.receipts
    values, why = dict(words.values), dict(words.why)
    numeric = _numeric(words.matches, profiles, target)
    if numeric and style.decimal != ".":
        values["decimal"], why["decimal"] = style.decimal, style.why
    if numeric and style.thousands:
        values["thousands"] = style.thousands
    if numeric and not style.sure:
        words.matches = [_unsure(m, profiles[m.column], style, questions) for m in words.matches]
    cleared = sum(
        value.strip() == CLEAR
        for match in words.matches
        if match.fields
        for value in table.columns[match.column]
    )
    if cleared:
        values["clear"] = CLEAR
        why["clear"] = f"{cleared} sampled values are {CLEAR}, which clears the field"
    layout = name_totals(layout, table, target, given)
    return Guess(
        _relative(path), _feed_name(path), target, sure, _with_format(layout, path, part),
        values, why, tuple(words.matches), words.added, receipts,
        tuple(dict.fromkeys([*questions, *words.questions])),
    )  # fmt: skip


def _unsure(match: Match, profile: Profile, style: Style, questions: list[str]) -> Match:
    """Mark a column whose numbers can be read in two ways."""
    fields = MEMBER_FIELDS | RECEIPT_FIELDS
    marked = [v for v in profile.values if any(mark in v for mark in ".,'")]
    if not marked or not any(f in fields and fields[f].kind == "number" for f in match.fields):
        return match
    sign = next(mark for mark in ".,'" if mark in marked[0])
    question = (
        f'is `{sign}` in `{match.column}` (such as "{mask(marked[0])}") the decimal sign '
        f"(values.decimal, now {style.decimal}) or the thousands mark (values.thousands)? no "
        "number decides"
    )
    questions.append(question)
    why = f"{match.why}; decimal sign or thousands mark is not decided"
    return replace(match, confidence=min(match.confidence, UNSURE), why=why)


def _outside(match: Match, table: Table) -> Match:
    """A member is one row; what a list inside it holds is not sent."""
    if match.column not in table.inside:
        return match
    return replace(match, fields=(), mapped={}, left_out="stands in a list inside the record")


def _numeric(matches: list[Match], profiles: Mapping[str, Profile], target: Target) -> bool:
    fields = MEMBER_FIELDS if target == "members" else RECEIPT_FIELDS
    return any(
        name in fields and fields[name].kind == "number" and profiles[m.column].counts
        for m in matches
        for name in m.fields
    )


def _with_format(layout: Layout, path: Path, part: Part) -> Layout:
    try:
        same = format_of(str(path)) == layout.format
    except ValueError:
        same = False
    file, words = part.file, {} if same else {"format": layout.format}
    if path.is_dir():
        end = "".join(file.suffixes[-2:] if file.suffix.lower() in PACKED else file.suffixes[-1:])
        others = [p for p in path.iterdir() if p.is_file() and not p.name.endswith(end)]
        words |= {"member": f"*{end}"} if others else {}
    return replace(layout, words={**words, **layout.words})


def _relative(path: Path) -> str:
    whole = path.resolve()
    return str(whole.relative_to(ROOT) if whole.is_relative_to(ROOT) else whole)


def _feed_name(path: Path) -> str:
    stem = re.split(r"\.", path.resolve().name)[0].lower()
    name = re.sub(r"[^a-z0-9]+", "_", stem.translate(str.maketrans("æøåäö", "aoaao"))).strip("_")
    return name if name and name != "nightly" else "guessed"
