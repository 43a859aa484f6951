"""What partners' values look like, as data, and how they are told apart."""

import re
from collections.abc import Sequence
from datetime import datetime

DAYS = (
    ("%d.%m.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}"),
    ("%d/%m/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%m/%d/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%d-%m-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
    ("%Y%m%d", r"(19|20)\d{6}"),
    ("%Y/%m/%d", r"\d{4}/\d{1,2}/\d{1,2}"),
    ("%Y.%m.%d", r"\d{4}\.\d{1,2}\.\d{1,2}"),
    ("%Y-%m-%d", r"\d{4}-\d{1,2}-\d{1,2}"),
    ("%d.%m.%y", r"\d{1,2}\.\d{1,2}\.\d{2}"),
    ("%d/%m/%y", r"\d{1,2}/\d{1,2}/\d{2}"),
    ("%d%m%Y", r"\d{8}"),
    ("%d%m%y", r"\d{6}"),
)
"""Patterns of days and what such a text looks like; the first of those that read the most wins."""
CLOCKS = (("", ""), (" %H:%M:%S", r" \d{1,2}:\d{2}:\d{2}"), (" %H:%M", r" \d{1,2}:\d{2}"))
SERIALS = (("excel", r"[1-5]\d{4}([.,]\d+)?"), ("epoch", r"\d{9,10}"), ("epoch_ms", r"\d{12,13}"))
NUMBERS = (
    (r"-?\d{1,3}(\.\d{3})+,\d+", {"decimal": ",", "thousands": "."}),
    (r"-?\d{1,3}(,\d{3})+(\.\d+)", {"thousands": ","}),
    (r"-?\d{1,3}([ \u00a0\u202f]\d{3})+,\d+", {"decimal": ",", "thousands": " "}),
    (r"-?\d{1,3}([ \u00a0\u202f]\d{3})+(\.\d+)?", {"thousands": " "}),
    (r"-?\d{1,3}('\d{3})+(\.\d+)?", {"thousands": "'"}),
    (r"-?\d{1,3}(\.\d{3})+", {"thousands": "."}),
    (r"-?\d+,\d+", {"decimal": ","}),
)
"""What a number looks like, and the words that read it."""
SPREADSHEET = r"-?\d(?:[.,]\d+)?[eE]\+?\d+"
YES = frozenset({"ja", "j", "yes", "y", "sant", "true", "1", "x", "on", "oui", "wahr", "kyllä"})
NO = frozenset({"nei", "n", "nej", "no", "usant", "false", "0", "off", "nein", "falsk", "ei"})
SYNONYMS = {
    "Female": ("k", "f", "kvinne", "kvinna", "kvinde", "female", "woman", "frau", "w", "dame"),
    "Male": ("m", "mann", "man", "mand", "male", "herr", "herre", "h"),
    "PURCHASE": ("p", "s", "sale", "salg", "kjøp", "köp", "køb", "purchase", "kauf", "verkauf"),
    "RETURN": ("r", "retur", "return", "refund", "kredit", "credit", "retoure"),
}
"""Words of partners for the few that the platform takes."""
EMAILS = (
    (r"[^@]*", "has no @"),
    (r"[^@]*@[^@]*@.*", "has more than one @"),
    (r".*\s.*", "holds a blank"),
    (r"[^@]+@[^@.,]+", "lacks the end of the domain, such as .no"),
    (r".*,.*", "has a comma where a dot belongs"),
    (r".*\.\..*|.*[@.]\..*|.*\.", "has a dot too many"),
)
"""What an address that is none looks like, and what is wrong with it."""


def mostly(pattern: str, values: Sequence[str]) -> bool:
    """Tell whether at least half of the values look so."""
    return 2 * sum(bool(re.fullmatch(pattern, value)) for value in values) >= max(len(values), 1)


def reads(words: str, value: str) -> bool:
    """Tell whether a pattern such as %d.%m.%Y reads a value as a day that there is."""
    try:
        datetime.strptime(value, words)  # noqa: DTZ007  (only whether it is one)
    except ValueError:
        return False
    return True


def show(words: str) -> str:
    """Write a pattern the way people do: dd.mm.yyyy."""
    letters = {"d": "dd", "m": "mm", "Y": "yyyy", "y": "yy", "H": "hh", "M": "mm", "S": "ss"}
    return re.sub("%(.)", lambda found: letters[found[1]], words)
