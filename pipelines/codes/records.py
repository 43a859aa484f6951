"""The codes of what befalls rows and records: rejects of the checks, doubts, and the rest."""

from typing import get_args

from pipelines.codes.words import Code
from validators.codes import FaultCode

__all__ = ["OUTCOMES", "REJECTS"]

_SEE = "`loyalty-etl validate FEED` shows values and guesses the words of the feed that read them"
_SOURCE = "have it mended at the source, or mend `rejects.csv` and `loyalty-etl retry` it"
_GUESSED = f"{_SEE}; else {_SOURCE}"

REJECTS: dict[str, Code] = {
    "not-readable": Code(
        "the row is no row of its format: too many fields, a broken quote, bytes of another"
        " encoding, broken JSON",
        "`_raw` of `rejects.csv` has its text; `source.encoding`, `delimiter` and `quote` are what"
        " is most often wrong",
    ),
    "missing": Code("a value that must be there is empty", f"map another column, or {_SOURCE}"),
    "no-key": Code(
        "the member has none of the names that the platform would know it by",
        f"map another of `externalId`, `mobilePhone` and `email`, or {_SOURCE}",
    ),
    "nameless": Code(
        "the record lacks what names it, so nobody could tell whether it was delivered before",
        f"map another, or {_SOURCE}",
    ),
    "repeats": Code(
        "the key of the record stands in the source more than once, or its rows do not stand"
        " together",
        "keep the row that is right, sort the file by the key, or name in `delivery.key` (receipts:"
        " `receipts.key`) what tells them apart; members may be merged: `duplicates`",
    ),
    "not-a-number": Code("not a number, or above 11 digits and 4 decimals", _GUESSED),
    "not-an-integer": Code("not a whole number", _GUESSED),
    "not-a-boolean": Code("not true, false, 1 or 0", f"`values.true`, `values.false`; {_GUESSED}"),
    "not-a-date": Code("not a date, or no day there is", f"`values.date`; {_GUESSED}"),
    "not-a-time": Code("not a date and time", f"`values.time`; {_GUESSED}"),
    "not-a-phone": Code(
        "not a phone number, or one without its country code", f"`values.region`; {_GUESSED}"
    ),
    "not-an-email": Code("not an e-mail address", f"`on_error: null` leaves it out; {_GUESSED}"),
    "not-a-country": Code("not a country, by code or name", f"a `lookup`; {_GUESSED}"),
    "not-allowed": Code("not one of the values that the field takes", f"a `lookup`; {_GUESSED}"),
    "not-in-lookup": Code(
        "the feed's `lookup` lacks the value", "add it, or say `otherwise: keep` or a value"
    ),
    "control-character": Code("a control character, or blanks around the text", _SOURCE),
    "holds-separator": Code(
        "a text of a list holds the mark that stands between two", "set `target.list_separator`"
    ),
    "not-xml": Code("a character that XML cannot hold", _SOURCE),
    "cleared": Code(
        "the format of the import cannot clear a field",
        "`target.format: json`, or `values.clear: null`",
    ),
    "cleared-key": Code("a field that names the record cannot be cleared", _SOURCE),
    "in-the-future": Code(
        "a birth date after today, often a two-digit year of the wrong century", _SOURCE
    ),
    "does-not-exist": Code(
        "a time that clocks skipped when they went forward",
        f"`values.time_zone` if the source writes UTC; else {_SOURCE}",
    ),
    "came-twice": Code(
        "a time of the hour that came twice when clocks went back",
        "say which is meant: `values.repeated_hour`",
    ),
    "line-number-repeats": Code(
        "two lines of one receipt have the same number",
        "two receipts may share an id: `receipts.key`",
    ),
    "differs-in-receipt": Code(
        "the lines of a receipt do not agree", "two receipts may share an id: `receipts.key`"
    ),
    "differs-in-record": Code("the rows of a record do not agree", _SOURCE),
    "may-lack-a-line": Code(
        "a row beside the receipt names none and may belong to it", "mend that row"
    ),
    "may-lack-a-row": Code(
        "a row beside the record names none and may belong to it", "mend that row"
    ),
    "not-the-sum-of-lines": Code(
        "an amount of the header is not the sum of its lines",
        "map other columns, or `receipts.amount_tolerance` for what is rounded",
    ),
    "sign-of-amount": Code(
        "a return's amount has the wrong sign", "`receipts.return_amounts_in: signed` or `positive`"
    ),
    "sign-of-return": Code(
        "a RETURN without a negative quantity, or the reverse",
        "leave `Items.TransactionType` out: it follows from the quantity",
    ),
    "unknown-member": Code(
        "nobody is known by the old number that the row names",
        "load the members, then `loyalty-etl ids learn FEED`",
    ),
    "two-customers": Code(
        "two customers are known by the old number that the row names",
        "`loyalty-etl ids list --conflicts`; or say which is meant with `by`",
    ),
}
"""Why the checks reject a row: the second word of `reasons` in a summary, and of `validate`."""

assert {*REJECTS} == {*get_args(FaultCode)}

OUTCOMES: dict[str, Code] = {
    "refused": Code(
        "*rejected*: the platform said a definite no (400, 404, 409, 422) to this record alone",
        "its reason stands in `_error` of `rejects.csv`; mend the row, then `loyalty-etl retry` it",
    ),
    "quarantine": Code(
        "*quarantined*: the platform takes this person for some time not (422)",
        "`loyalty-etl retry --quarantined`, some days later",
    ),
    "held": Code(
        "*unsent*: delivered before with other content, and `delivery.changed` is `hold`",
        "`loyalty-etl retry FILE --changed resend` if the new one is to count too",
    ),
    "waiting": Code(
        "*unsent*: it names a member whom nobody knows yet, and the feed says `unknown: wait`",
        "load the members, `loyalty-etl ids learn FEED`, then `loyalty-etl retry FILE`",
    ),
    "unclear": Code(
        "*in doubt*: the answer was lost or told nothing",
        "`loyalty-etl resume` asks; what it cannot tell a person does: `loyalty-etl resolve RUN`",
    ),
    "gateway": Code("*in doubt*: 502 of a system behind the platform", "`loyalty-etl resume`"),
    "short": Code(
        "*in doubt*: the platform listed what it took, and this was not among it",
        "`loyalty-etl resume`",
    ),
    "ask": Code(
        "*in doubt*: refused with 409 after a lost answer: it landed, or clashes with another",
        "`loyalty-etl resume`",
    ),
    "killed": Code(
        "*in doubt*: the process was killed while the request was under way",
        "`loyalty-etl resume`",
    ),
    "stopped": Code(
        "*in doubt*: the load was told to stop, and no answer came in time",
        "`loyalty-etl resume`",
    ),
}
"""What else befalls a record; the causes of doubts are those of `loyalty-etl status --json`."""
