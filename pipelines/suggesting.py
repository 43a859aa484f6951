"""What would likely mend a fault, guessed from the values that have it: data and small functions.

A suggestion names the words of the feed's YAML that would read the values as they are, or says what
to ask for. It is a guess, and said as one: nothing is changed by it.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches

import polars as pl

from pipelines.cases import Case
from pipelines.feeds.mapping import Column
from pipelines.id_members import how_to_learn
from pipelines.lookalikes import (
    CLOCKS,
    DAYS,
    EMAILS,
    NO,
    NUMBERS,
    SERIALS,
    SPREADSHEET,
    SYNONYMS,
    YES,
    mostly,
    reads,
    show,
)
from transforms.emails import explain_email
from transforms.phones import read_phone
from validators.fields import MEMBER_FIELDS, RECEIPT_FIELDS

FEW = 10.0
"""Percent of the rows: what so few of them have is rather their fault than the feed's."""
HOMES = ("NO", "SE", "DK", "FI", "DE", "GB")
"""Countries whose phones are known by sight, the likeliest first."""
AT_SOURCE = "have it mended at the source"


def suggest(case: Case) -> str:
    """Say in one line what would likely mend a cause; empty where nothing can be said."""
    return FIXES[case.code](case) if case.code in FIXES else ""


def _date(case: Case) -> str:
    time = case.code == "not-a-time"
    word, now = ("time", case.feed.values.time) if time else ("date", case.feed.values.date)
    values = list(case.values)
    if mostly(SPREADSHEET, values):
        return _spreadsheet(case)
    candidates = [(day + clock, look + more) for day, look in DAYS for clock, more in CLOCKS]
    looks = [(words, [v for v in values if re.fullmatch(look, v)]) for words, look in candidates]
    looks = [(words, alike) for words, alike in looks if 2 * len(alike) >= len(values)]
    ranked = sorted(looks, key=lambda look: -sum(reads(look[0], v) for v in look[1]))
    if not ranked:
        serial = next((words for words, look in SERIALS if mostly(look, values)), None)
        return f"looks like {serial}: set values.{word}: {serial}" if serial else AT_SOURCE
    words, alike = ranked[0]
    read = sum(reads(words, v) for v in alike)
    shown = show(words)
    if words == now or (words, now) == ("%Y-%m-%d", "iso"):
        return f"there is no such day: {AT_SOURCE}, or say on_error: null to leave it out"
    line = f"looks like {shown}: set values.{word}: '{words}'"
    if not read:
        line += f"; but there is no such day: {AT_SOURCE}"
    for other, others in ranked[1:]:
        if {words[:2], other[:2]} == {"%d", "%m"} and sum(reads(other, v) for v in others) == read:
            line += f" (or '{other}': these values do not tell day from month)"
            break
    return line + _few(case)


def _number(case: Case) -> str:
    values = list(case.values)
    for look, words in NUMBERS:
        if mostly(look, values):
            told = ", ".join(f'values.{word}: "{mark}"' for word, mark in words.items())
            return f"set {told}{_few(case)}"
    if mostly(SPREADSHEET, values):
        return _spreadsheet(case)
    if case.code == "not-an-integer" and case.name in MEMBER_FIELDS:
        return f"if it is a code and no number: {{column: {case.column}, type: text}}"
    out = f"take the number out: {{column: {case.column}, extract: '(-?[0-9]+[.,]?[0-9]*)'}}"
    for look, told in (
        (
            r"[\d.,' ]+-",
            "the minus stands behind: a function can move it (docs/mapping.md)",
        ),
        (r"\D{1,4}\s*-?\d[\d.,' ]*|-?[\d.,' ]*\d\s*\D{1,4}", out),
        (r"-?\d+\.\d{5,}", "has more than 4 decimals: have them rounded at the source"),
    ):
        if mostly(look, values):
            return told
    return AT_SOURCE


def _few(case: Case) -> str:
    """Warn where words that read a few rows would no longer read the others."""
    few = "; but few rows are written so: perhaps it is these that are wrong"
    return few if case.percent < FEW else ""


def _spreadsheet(case: Case) -> str:
    return f"a spreadsheet has rounded it: format {case.column} as text there and export it anew"


def _boolean(case: Case) -> str:
    sides: dict[str, list[str]] = {"true": [], "false": []}
    rest: list[str] = []
    for value in case.values:
        word = value.strip().casefold()
        side = "true" if word in YES else "false" if word in NO else ""
        (sides[side] if side else rest).append(value)
    told = [f"values.{side}: [{', '.join(words[:5])}]" for side, words in sides.items() if words]
    line = f"set {', '.join(told)}" if told else ""
    if rest:
        line += f"{'; ' if line else ''}say in values.true or values.false what {rest[0]} is"
    return line


def _allowed(case: Case) -> str:
    field = RECEIPT_FIELDS.get(case.name) or MEMBER_FIELDS.get(case.name)
    table, rest = {}, []
    for value in list(case.values)[:10]:
        word = value.strip().casefold()
        known = [a for a in (field.allowed if field else ()) if word in SYNONYMS.get(a, ())]
        close = known or get_close_matches(value, field.allowed if field else (), n=1, cutoff=0.7)
        if close:
            table[value] = close[0]
        else:
            rest.append(value)
    if not table:
        return f"say what each is: {{column: {case.column}, lookup: {{{rest[0]}: …}}}}"
    told = ", ".join(f"{_key(raw)}: {value}" for raw, value in table.items())
    line = f"set {{column: {case.column}, lookup: {{{told}}}}}"
    return f"{line}; and say what {', '.join(rest)} is" if rest else line


def _add_to_lookup(case: Case) -> str:
    mapped = case.feed.mapping.get(case.name)
    lookup = mapped.lookup if isinstance(mapped, Column) else None
    known = {key.casefold(): key for key in lookup or {}}
    told = []
    for value, rows in list(case.values.items())[:5]:
        close = get_close_matches(value.casefold(), known, n=1, cutoff=0.6)
        near = f", near {known[close[0]]}" if close else ""
        told.append(f"{value} ({rows:,} {'row' if rows == 1 else 'rows'}{near})")
    more = f" and {len(case.values) - 5:,} more" if len(case.values) > 5 else ""
    return f"add to the lookup: {'; '.join(told)}{more}; or say otherwise: keep, null or a value"


def _phone(case: Case) -> str:  # noqa: PLR0911  (one for each cause)
    values, region = list(case.values), case.feed.values.region
    if mostly(SPREADSHEET, values):
        return _spreadsheet(case)
    texts = pl.Series(values)
    read = {home: texts.len() - read_phone(texts, home, "valid").null_count() for home in HOMES}
    most = max(read.values())
    likely = [home for home in HOMES if read[home] == most and 2 * most >= len(values)]
    leave = f"{AT_SOURCE}, or say on_error: null to leave it out"
    if mostly(r"\s*\(?(\+|00)[\d ()./-]*", values):
        return f"is too short, too long or of no country: {leave}"
    if region and 2 * read_phone(texts, region).count() >= len(values):
        return f"of a range that is not in use: {leave}; values.phones: possible takes it"
    if region and likely:
        return f"looks like {' or '.join(likely)}: it needs its country code, {leave}"
    if not region and likely:
        told = f" (or {', '.join(likely[1:])}: these numbers do not tell)" if likely[1:] else ""
        return f"has no country code: set values.region: {likely[0]}{told}"
    if not region and mostly(r"(?:[ ()./-]*\d){6,}[ ()./-]*", values):
        return f"has no country code: set values.region if these are phones; else {leave}"
    if mostly(r"[\d ()./-]*", values):
        return f"is not complete: {leave}"
    return f"is no phone number: {leave}"


def _email(case: Case) -> str:
    values = list(case.values)
    leave = f"{AT_SOURCE}, or say on_error: null to leave it out"
    told = next((told for look, told in EMAILS if mostly(look, values)), "")
    told = told or (explain_email(values[0]) if values else "")
    return f"{told}: {leave}" if told else leave


def _country(case: Case) -> str:
    table = ", ".join(f"{_key(value)}: …" for value in list(case.values)[:5])
    return f"say what each is: {{column: {case.column}, lookup: {{{table}}}, otherwise: keep}}"


def _unread(case: Case) -> str:
    if re.search(r"byte|decod|encod|UTF|U\+FFFD", case.message):
        return (
            "the file is in another encoding: set source.encoding, cp1252 where Windows wrote it"
            " (loyalty-etl guess FILE tells)"
        )
    if re.search(r"field|column|delimiter|quote|cell", case.message):
        return (
            "a delimiter or a quote stands inside a value: see source.delimiter and source.quote,"
            " or have values quoted at the source"
        )
    return "the raw text is in _raw of rejects.csv (-o FOLDER writes it)"


def _missing(case: Case) -> str:
    if not case.columns:
        return AT_SOURCE
    return f"if another column can have it: {{first_of: [{case.column}, OTHER]}}; else {AT_SOURCE}"


def _sum(case: Case) -> str:
    share = "every row" if case.percent > 20 else "few rows"
    hint = "the lines may be without VAT or before discount" if case.percent > 20 else "rounding"
    return f"{share}, so likely {hint}: map other columns, or set receipts.amount_tolerance: 0.05"


def _repeats(case: Case) -> str:
    if case.name == "member":
        return "keep one row of each member, or name them by another key (delivery.key)"
    if case.name == "record":
        if case.feed.gathers:
            by = ", ".join(case.feed.key)
            return f"sort the file by {by}, so that the rows of each record stand together"
        unnamed = [name for name in case.feed.mapping if name not in case.feed.key]
        more = f"delivery.key: [{', '.join([*case.feed.key, *unnamed])}]"
        return f"keep one row of each; if all are to be sent: {more}" if unnamed else "keep one"
    return (
        "sort the file by store and receipt, so that the rows of each stand together; if two"
        f" receipts share a number, {_LONGER_KEY}"
    )


def _key(text: str) -> str:
    return text if re.fullmatch(r"\w+", text) else f"'{text}'"


def _no_key(case: Case) -> str:
    names = case.feed.target.naming if case.feed.target.endpoint == "POST /import" else ()
    return f"map another of {', '.join(names)}, or {AT_SOURCE}" if names else AT_SOURCE


def _say(text: str) -> Callable[[Case], str]:
    return lambda _: text


_LONGER_KEY = "add what tells them apart to receipts.key: Header.StoreId, or Items.TransactionType"
FIXES: dict[str, Callable[[Case], str]] = {
    "not-a-date": _date,
    "not-a-time": _date,
    "not-a-number": _number,
    "not-an-integer": _number,
    "not-a-boolean": _boolean,
    "not-allowed": _allowed,
    "not-a-phone": _phone,
    "not-an-email": _email,
    "not-a-country": _country,
    "not-in-lookup": _add_to_lookup,
    "unknown-member": lambda case: f"load who is new, then {how_to_learn(case.feed)}",
    "two-customers": _say("loyalty-etl ids list --conflicts; or say which is meant with `by`"),
    "not-readable": _unread,
    "missing": _missing,
    "not-the-sum-of-lines": _sum,
    "differs-in-receipt": _say(f"two receipts share a number: {_LONGER_KEY}"),
    "line-number-repeats": _say(f"two receipts share a number: {_LONGER_KEY}"),
    "differs-in-record": _say("have each row say the same of its record, or " + AT_SOURCE),
    "may-lack-a-row": _say("mend the row beside it that names no record"),
    "may-lack-a-line": _say("mend the row beside it that names no receipt"),
    "sign-of-amount": _say("if every return is written so: receipts.return_amounts_in: signed"),
    "sign-of-return": _say("leave Items.TransactionType out: it follows from the quantity"),
    "does-not-exist": _say(f"if the source writes UTC: values.time_zone: UTC; else {AT_SOURCE}"),
    "came-twice": _say("say which is meant: values.repeated_hour: first (or last)"),
    "in-the-future": _say("two-digit years may be of the century before: " + AT_SOURCE),
    "control-character": _say(AT_SOURCE),
    "repeats": _repeats,
    "no-key": _no_key,
    "nameless": _say("map another of externalId, mobilePhone and email, or " + AT_SOURCE),
}
"""The code of a fault → what to suggest."""
