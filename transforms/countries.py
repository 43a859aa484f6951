"""Countries as people write them, into ISO 3166 alpha-2: codes, and names in five languages.

The names are CLDR's, which `babel` carries.
"""

from functools import lru_cache

import polars as pl

LANGUAGES = ("en", "nb", "nn", "sv", "da", "de")
NO_COUNTRIES = {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"}
"""What CLDR lists beside the countries of ISO 3166, and Kosovo's XK, which is in wide use."""
OTHERS = {
    **dict.fromkeys(("england", "scotland", "wales", "great britain", "uk"), "GB"),
    **dict.fromkeys(("holland", "niederlande"), "NL"),
    **dict.fromkeys(("united states of america", "us of a", "america", "amerika"), "US"),
    **dict.fromkeys(("czech republic", "tsjekkia", "tjekkiske republik", "tschechei"), "CZ"),
    **dict.fromkeys(("suomi", "finnland"), "FI"),
    **dict.fromkeys(("macedonia", "makedonia", "makedonien", "mazedonien"), "MK"),
    **dict.fromkeys(("turkey", "tyrkia"), "TR"),
}
"""Names in daily use that CLDR does not have."""


def read_country(texts: pl.Series) -> pl.Series:
    """Write alpha-2 codes for codes (alpha-2, alpha-3) and names, in any case.

    Args:
        texts: as people write them.

    Returns:
        Text; null where it is no country.
    """
    words = texts.str.strip_chars().str.to_lowercase().str.replace_all(".", "", literal=True)
    return words.replace_strict(_words(), default=None, return_dtype=pl.String)


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    """List all codes and names; a name that is two countries' is none."""
    from babel import Locale  # noqa: PLC0415  (most feeds have no countries)
    from babel.core import get_global  # noqa: PLC0415

    names: dict[str, set[str]] = {name: {code} for name, code in OTHERS.items()}
    codes: set[str] = set()
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES:
                codes.add(code)
                names.setdefault(name.lower().replace(".", ""), set()).add(code)
    words = {name: code for name, (code, *more) in names.items() if not more}
    for alias, meant in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(meant) == 1 and meant[0] in codes:
            words[alias.lower()] = meant[0]
    return words | {code.lower(): code for code in codes}
