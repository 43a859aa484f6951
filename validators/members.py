"""What a member must be before it is sent to POST /import, beyond the field table."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from validators.fields import MEMBER_FIELDS, MEMBER_KEYS, Field, Kind
from validators.rules import Rule, field_rules, unlike

E164 = r"^\+[1-9][0-9]{7,14}$"
EMAIL = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"


def member_rules(kinds: Mapping[str, Kind], today: date) -> list[Rule]:
    """Give the rules of one member.

    Args:
        kinds: what each mapped wire name is.
        today: no birth date lies after it.

    Returns:
        Rules over a frame of text columns, one for each wire name.
    """
    rules = []
    for name, kind in kinds.items():
        allowed = MEMBER_FIELDS[name].allowed if name in MEMBER_FIELDS else ()
        rules += field_rules(Field(name, kind, allowed=allowed))
    if "mobilePhone" in kinds:
        message = "not a phone number such as +4712345678"
        rules.append(Rule("mobilePhone", "not-a-phone", message, unlike("mobilePhone", E164)))
    if "email" in kinds:
        message = "not an e-mail address such as kari@example.com"
        rules.append(Rule("email", "not-an-email", message, unlike("email", EMAIL)))
    if kinds.get("birthDate") == "date":
        born = pl.col("birthDate").str.to_date("%Y-%m-%d", strict=False)
        future = (born > today).fill_null(value=False)
        rules.append(Rule("birthDate", "in-the-future", "lies in the future", future))
    keys = [key for key in MEMBER_KEYS if key in kinds]
    if keys:
        message = f"the member has none of {', '.join(MEMBER_KEYS)}, so nothing can name it"
        nameless = pl.all_horizontal(pl.col(key).is_null() for key in keys)
        rules.append(Rule(keys[0], "no-key", message, nameless))
    return rules
