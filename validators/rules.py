"""One rule table for two judges: polars masks that find faulty rows fast, and a pandera schema.

A rule is written once, as a polars expression that is true where a row breaks it. `faulty` runs
all rules as one mask, and that is all a clean chunk costs. Only rows that break a rule go to the
pandera schema built from the same rules (`schema`), which says why (`reasons`); so pandera, slow
to import, is loaded only when there is something to explain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from validators.codes import FaultCode
from validators.fields import LISTED, Field

if TYPE_CHECKING:
    import pandera.polars as pa

# At most 15 significant digits: what a double holds exactly and prints back as written.
# (\d would take the digits of every script.)
NUMBER = r"^-?[0-9]{1,11}(\.[0-9]{1,4})?$"
INTEGER = r"^-?[0-9]{1,15}$"
BOOLEAN = r"^(?i-u:true|false|1|0)$"
E164 = r"^\+[1-9][0-9]{7,14}$"
EMAIL = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"
COUNTRY = "^[A-Z]{2}$"
DATE = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$"
# Control characters, the last of which is a byte order mark inside a text, and blanks around it.
UNTIDY = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]|^\\s|\\s$"

REASONS = pl.Schema(
    {
        "index": pl.Int64,
        "field": pl.String,
        "code": pl.String,
        "message": pl.String,
        "value": pl.String,
    }
)


@dataclass(frozen=True)
class Rule:
    """One thing that a row must satisfy.

    Attributes:
        field: the column whose value a person would have to mend.
        code: a short stable name, the same for all fields.
        message: what is wrong, in words, without the value.
        breaks: true where a row breaks the rule; never null.
    """

    field: str
    code: FaultCode
    message: str
    breaks: pl.Expr


def field_rules(field: Field) -> list[Rule]:  # noqa: C901  (one for each kind)
    """Give the rules of one field, over a text column of its name."""
    text = pl.col(field.name)
    rules = []
    if field.required:
        rules.append(Rule(field.name, "missing", "has no value", text.is_null()))
    match field.kind:
        case "number":
            message = "not a number such as 12.50 (at most 11 digits and 4 decimals)"
            rules.append(Rule(field.name, "not-a-number", message, unlike(field.name, NUMBER)))
        case "integer":
            message = "not a whole number"
            rules.append(Rule(field.name, "not-an-integer", message, unlike(field.name, INTEGER)))
        case "boolean":
            message = "not true, false, 1 or 0"
            rules.append(Rule(field.name, "not-a-boolean", message, unlike(field.name, BOOLEAN)))
        case "date":
            day = text.str.to_date("%Y-%m-%d", strict=False)
            impossible = unlike(field.name, DATE) | (text.is_not_null() & day.is_null())
            message = "not a date such as 2024-01-31"
            rules.append(Rule(field.name, "not-a-date", message, impossible))
        case "phone":
            message = "not a phone number such as +4712345678"
            rules.append(Rule(field.name, "not-a-phone", message, unlike(field.name, E164)))
        case "email":
            message = "not an e-mail address such as kari@example.com"
            rules.append(Rule(field.name, "not-an-email", message, unlike(field.name, EMAIL)))
        case "country":
            message = "not a country such as NO, NOR or Norge"
            rules.append(Rule(field.name, "not-a-country", message, unlike(field.name, COUNTRY)))
        case "list":
            message = "holds a control character"
            parts = text.str.replace_all(LISTED, "", literal=True)
            untidy = parts.str.contains(UNTIDY).fill_null(value=False)
            rules.append(Rule(field.name, "control-character", message, untidy))
        case "text" | "zip":
            message = "holds a control character, or blanks around it"
            untidy = text.str.contains(UNTIDY).fill_null(value=False)
            rules.append(Rule(field.name, "control-character", message, untidy))
    if field.allowed:
        message = f"not one of {', '.join(field.allowed)}"
        other = ~text.is_in(field.allowed).fill_null(value=True)
        rules.append(Rule(field.name, "not-allowed", message, other))
    return rules


def unlike(name: str, pattern: str) -> pl.Expr:
    """Be true where a text is there and does not match the pattern."""
    return ~pl.col(name).str.contains(pattern).fill_null(value=True)


def faulty(frame: pl.DataFrame, rules: Iterable[Rule]) -> pl.Series:
    """Mark the rows that break at least one rule: a boolean series as long as the frame."""
    broken = pl.any_horizontal(pl.lit(value=False), *(rule.breaks for rule in rules))
    judged = frame.lazy().with_columns(faulty=broken).select("faulty")
    return judged.collect(engine="in-memory").to_series()


def reasons(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Say, by pandera, everything that is wrong with each row.

    Args:
        frame: the rows to judge; best only those that `faulty` has marked.
        rules: the rules they are judged by.

    Returns:
        One row for each broken rule of each row (`REASONS`), in the order of the rows; `index`
        is the row's place in the frame and `value` the raw text.
    """
    if frame.is_empty():
        return pl.DataFrame(schema=REASONS)
    import pandera.polars as pa  # noqa: PLC0415  (costs seconds, and only faults need it)

    try:
        schema(rules, frame).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
    else:
        return pl.DataFrame(schema=REASONS)
    table = pl.DataFrame(
        [(number, rule.field, rule.code, rule.message) for number, rule in enumerate(rules)],
        schema={"number": pl.Int64, "field": pl.String, "code": pl.String, "message": pl.String},
        orient="row",
    )
    broken = cases.select(
        pl.col("index").cast(pl.Int64),
        number=pl.col("check").str.extract(r"^(\d+) ").cast(pl.Int64),
    ).join(table, on="number")
    with_values = [
        part.with_columns(value=frame[field].cast(pl.String).gather(part["index"]))
        for (field,), part in broken.partition_by("field", as_dict=True).items()
    ]
    return pl.concat(with_values).sort("index", "number").select(list(REASONS))


def schema(rules: Sequence[Rule], frame: pl.DataFrame | None = None) -> "pa.DataFrameSchema":
    """Build the pandera schema that says the same as the rules.

    Args:
        rules: the rules; each becomes a check named `<number> <code>`.
        frame: where given, fields that it lacks get no column of their own.
    """
    import pandera.polars as pa  # noqa: PLC0415  (costs seconds, and only faults need it)

    columns: dict[str, list[pa.Check]] = {}
    for number, rule in enumerate(rules):
        check = pa.Check(
            partial(_holds, rule.breaks),
            name=f"{number} {rule.code}",
            error=f"{number} {rule.message}",
        )
        columns.setdefault(rule.field, []).append(check)
    present = columns if frame is None else {k: v for k, v in columns.items() if k in frame.columns}
    return pa.DataFrameSchema(
        {name: pa.Column(nullable=True, checks=checks) for name, checks in present.items()}
    )


def _holds(breaks: pl.Expr, data: "pa.PolarsData") -> pl.LazyFrame:
    return data.lazyframe.select(~breaks)
