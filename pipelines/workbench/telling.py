"""What the pages say: from what the toolkit found to the facts of a template."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from connectors.trigg.account import AccountError
from pipelines.feeds import LoadFeed
from pipelines.guessing import Guess, Match, write_yaml
from pipelines.guessing.records import CHOSEN, LOW
from pipelines.loading import REJECTS
from pipelines.planning import PLAN, Plan, load_plan
from pipelines.previewing import Preview, Shown
from pipelines.runs import Summary, read_summary
from pipelines.settings import trigg_account
from pipelines.validating import Report
from pipelines.workbench.answering import CURRENCY, guess_of, open_fields, samples_of, words_of
from pipelines.workbench.choices import choice_of, field_groups, name_field, value_choices
from pipelines.workbench.drafts import Draft
from pipelines.workbench.saving import barred
from validators.fields import LISTED

__all__ = ["tell_account", "tell_check", "tell_columns", "tell_load", "tell_plan", "tell_save"]

QUOTES = ("\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}")
NONE = "\N{EN DASH}"
_WORDS = {
    "values.date": "Dates",
    "values.time": "Times",
    "values.decimal": "Decimal sign",
    "values.thousands": "Thousands mark",
    "values.region": "Phones without a code are of",
    "values.phones": "Phones that are taken",
    "values.true": "More words for yes",
    "values.false": "More words for no",
    "receipts.key": "What makes a receipt this one",
    "receipts.return_amounts_in": "Amounts of returns stand",
    "receipts.vat_percent": "VAT in percent, if no column has it",
    "receipts.time_zone": "Time zone of the stores",
}


_BY_HAND = re.compile(
    r"(?:on_error|otherwise|lookup|first_of|type|control|delivery\.\w+|source\.\w+|rejects\.\w+"
    r"|receipts\.amount_tolerance|duplicates)\b"
)
"""Words of a fix that only the YAML has."""


def plain(text: str) -> str:
    """Say in the words of these pages what speaks of the YAML."""
    for word, told in _WORDS.items():
        text = text.replace(word, f"`{told}`")
    text = re.sub(r"\bvat_percent\b", f"`{_WORDS['receipts.vat_percent']}`", text)
    return re.sub("`([^`]*)`", rf"{QUOTES[0]}\1{QUOTES[1]}", text)


def tell_account(profile: str = "") -> dict[str, Any]:
    """Say where loads go, or why they can go nowhere."""
    try:
        return {"account": trigg_account(profile), "no_account": ""}
    except AccountError as error:
        return {"account": None, "no_account": str(error)}


def tell_columns(draft: Draft) -> dict[str, Any]:
    """Say what a draft's file is taken for.

    Raises:
        GuessError: nothing can be made of it.
    """
    guess = guess_of(draft)
    samples = samples_of(draft.file)
    rows = [_row(draft, guess, n, match, samples) for n, match in enumerate(guess.matches)]
    own = {number for row in rows for number, _ in row["questions"]}
    now = words_of(guess)
    choices = value_choices(guess.target, now)
    empty = open_fields(guess)
    missing = [name for name in empty if name in guess.added and name != CURRENCY]
    return {
        "guess": guess,
        "other": "receipts" if guess.target == "members" else "members",
        "rows": rows,
        "asked": bool(own),
        "low": sum(row["low"] for row in rows),
        "groups": field_groups(guess.target),
        "questions": [
            (n, plain(q))
            for n, q in enumerate(guess.questions)
            if n not in own and not any(f"({name})" in q for name in missing)
        ],
        "missing": [(name, name_field(name).capitalize()) for name in missing],
        "lacking": any(name not in guess.answered for name in missing),
        "currency": CURRENCY if CURRENCY in empty else "",
        "now": now,
        "words": [(word, told, choices.get(word)) for word, told in _WORDS.items() if word in now],
        "why": {f"values.{word}": why for word, why in guess.values_why.items()},
        "layout": [*_layout(guess)],
        "text": write_yaml(guess),
    }


def _row(
    draft: Draft, guess: Guess, number: int, match: Match, samples: Mapping[str, list[str]]
) -> dict[str, Any]:
    chosen = match.column in draft.answers.columns
    made = ""
    if match.left_out and match.why != CHOSEN:
        made = match.left_out
    elif match.fields and choice_of(match) not in match.fields:
        made = f"becomes {' and '.join(match.fields)}"
    elif any("lookup" in text for text in match.mapped.values()):
        made = "; ".join(match.mapped.values())
    return {
        "number": number,
        "name": match.column,
        "samples": samples.get(match.column, []),
        "now": choice_of(match),
        "chosen": chosen,
        "percent": round(100 * match.confidence),
        "low": match.confidence < LOW and not chosen,
        "why": match.why,
        "made": made,
        "questions": [
            (n, plain(q)) for n, q in enumerate(guess.questions) if f"`{match.column}`" in q
        ],
    }


def _layout(guess: Guess) -> Iterator[tuple[str, str]]:
    layout = guess.layout
    yield "format", layout.why.get("format", layout.format)
    for word in dict.fromkeys([*layout.why, *layout.words]):
        if word not in {"format", "fields"}:
            value, why = str(layout.words.get(word) or ""), layout.why.get(word, "")
            told = "" if why.startswith(value) else "tab" if value == "\t" else value
            yield word.replace("_", " "), " — ".join(filter(None, [told, why]))


def tell_check(draft: Draft, feed: LoadFeed, report: Report, seen: Preview) -> dict[str, Any]:
    """Say what was found when the whole file was judged."""
    good = report.records - report.rejected_records - report.merged_records
    good -= report.waiting_records
    noun = feed.target.noun
    if report.exit_code == 3:
        verdict = "A load would stop, and send nothing"
        verdict += ": too many are rejected." if not report.mismatches else "."
    elif report.exit_code:
        verdict = f"{good:,} of {report.records:,} {noun}s would be sent."
    else:
        verdict = f"All {report.records:,} {noun}s would be sent."
    places = {match.column: n for n, match in enumerate(guess_of(draft).matches)}
    causes = []
    for cause in report.causes:
        own = [name for name in cause.columns if name != cause.field]
        at = next((places[name] for name in cause.columns if name in places), None)
        told = name_field(cause.field) + (f", from {', '.join(own)}" if own else "")
        link = f"/drafts/{draft.id}{'' if at is None else f'#column-{at}'}"
        by_hand = _BY_HAND.search(cause.fix)
        more = {"fix": plain(cause.fix), "by_hand": by_hand[0] if by_hand else "", "link": link}
        causes.append({**asdict(cause), **more, "told": told[0].upper() + told[1:]})
    return {
        "report": {**vars(report), "exit_code": report.exit_code, "causes": causes},
        "good": good,
        "noun": noun,
        "verdict": verdict,
        "preview": {
            "records": [_record(record, seen) for record in seen.records],
            "unused": seen.unused,
            "bodies": [*zip(seen.lines, seen.bodies, strict=True)],
        },
    }


def _record(record: Shown, seen: Preview) -> dict[str, Any]:
    """Put source columns and fields side by side; what a receipt's lines repeat only once."""
    tables = []
    receipt = any(name.startswith("Items.") for name in seen.columns)
    for number, (before, after) in enumerate(zip(record.before, record.after, strict=True)):
        if before.get("_raw") is not None:
            continue  # the reason has told its text
        names = [n for n in after if number == 0 or not receipt or n.startswith("Items.")]
        tables.append([_line(name, before, after, seen) for name in names])
    return {"place": record.place, "reasons": record.reasons, "tables": tables}


def _line(
    name: str,
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
    seen: Preview,
) -> dict[str, str]:
    columns = seen.columns[name]
    value = after[name]
    return {
        "column": " + ".join(columns) or "always",
        "before": " + ".join(before.get(column) or NONE for column in columns),
        "field": name,
        "after": NONE if value is None else value.replace(LISTED, ", "),
    }


def tell_save(draft: Draft) -> dict[str, Any]:
    """Say what is saved, and what is still open."""
    guess = guess_of(draft)
    return {
        "open": [plain(question) for question in guess.questions],
        "text": write_yaml(guess),
        "guessed": guess.name,
        "guessed_description": f"{guess.target.title()} of {draft.name}",
    }


def tell_plan(draft: Draft) -> dict[str, Any]:
    """Say what a load would do, by the plan of the dry run; `plan` is None where there is none."""
    summary = read_summary(draft.planned, draft.feed) if draft.planned else None
    plan: Plan | None = None
    if summary is not None and summary.state != "failed":
        try:
            plan = load_plan(Path(summary.folder) / PLAN)
        except (OSError, ValueError, TypeError, KeyError):
            plan = None
    told = (
        (
            ("unchanged", plan.unchanged),
            ("merged", plan.merged),
            ("held", plan.held),
            ("waiting", plan.waiting),
            ("in doubt", plan.in_doubt),
            ("rejected", plan.rejected),
        )
        if plan
        else ()
    )
    return {
        "plan": plan,
        "summary": summary,
        "rest": [(name, number) for name, number in told if number],
        "noun": guess_of(draft).target.removesuffix("s"),
        "no_account": barred(draft),
        "why": summary.error if summary is not None and plan is None else "",
    }


def tell_load(draft: Draft) -> dict[str, Any]:
    """Say what a load did; `run` is None where there was none."""
    from pipelines.cli.summing import equation, next_step  # noqa: PLC0415  (commands import this)

    run = read_summary(draft.loaded, draft.feed) if draft.loaded else None
    if run is None:
        return {"run": None}
    return {
        "run": run,
        "verdict": _verdict(run),
        "rest": [each for each in _rest(run) if each[1]],
        "equation": equation(run),
        "rejects": (Path(run.folder) / REJECTS).exists(),
        "next": next_step(run),
    }


def _verdict(run: Summary) -> str:
    match run.exit_code:
        case 0:
            if not run.accepted_records:
                return "All of it was loaded before: nothing was sent."
            return f"All {run.records:,} are loaded."
        case 4:
            there = run.accepted_records + run.unchanged_records
            return f"{there:,} of {run.records:,} are loaded."
        case 5:
            return "It is not known of all whether they arrived, or some are held."
        case _ if run.resumable:
            return "It was not finished. What was sent is known; it can go on."
        case _:
            return "It was not loaded."


def _rest(run: Summary) -> list[tuple[str, int, str]]:
    return [
        ("rejected", run.rejected_records, "bad"),
        ("quarantined", run.quarantined_records, ""),
        ("unchanged, not sent", run.unchanged_records, ""),
        ("merged", run.merged_records, ""),
        ("in doubt", run.in_doubt_records, "bad"),
        ("unsent", run.unsent_records, ""),
    ]
