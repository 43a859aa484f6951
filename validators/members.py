"""What a member must be before it is sent to POST /import, beyond the field table."""

from collections.abc import Collection, Mapping
from datetime import date

import polars as pl

from validators.fields import MEMBER_FIELDS, MEMBER_KEYS, Field, Kind
from validators.rules import Rule, field_rules


def member_rules(
    kinds: Mapping[str, Kind], today: date, needs: Collection[str] = MEMBER_KEYS
) -> list[Rule]:
    """Give the rules of one member.

    Args:
        kinds: what each mapped wire name is.
        today: no birth date lies after it.
        needs: the names of which a member must have one, those that its endpoint knows it by.

    Returns:
        Rules over a frame of text columns, one for each wire name.
    """
    rules = []
    for name, kind in kinds.items():
        allowed = MEMBER_FIELDS[name].allowed if name in MEMBER_FIELDS else ()
        rules += field_rules(Field(name, kind, allowed=allowed))
    if kinds.get("birthDate") == "date":
        born = pl.col("birthDate").str.to_date("%Y-%m-%d", strict=False)
        future = (born > today).fill_null(value=False)
        rules.append(Rule("birthDate", "in-the-future", "lies in the future", future))
    keys = [key for key in needs if key in kinds]
    if keys:
        none = f"none of {', '.join(needs)}" if len(needs) > 1 else f"no {keys[0]}"
        message = f"the member has {none}, so nothing can name it"
        nameless = pl.all_horizontal(pl.col(key).is_null() for key in keys)
        rules.append(Rule(keys[0], "no-key", message, nameless))
    return rules
