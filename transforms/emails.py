"""E-mail addresses, judged by `email-validator`, which asks no server.

Most addresses have a plain part before the @, which a pattern decides, and share few domains; so
the library is asked once for each domain, and for whole addresses only where they are odd.
"""

from functools import lru_cache

import polars as pl

LETTERS = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
PLAIN = rf"^{LETTERS}(?:\.{LETTERS})*$"
LOCAL_LENGTH, LENGTH = 64, 254
CACHED = 100_000


def read_email(texts: pl.Series) -> pl.Series:
    """Write the domain in small letters and in ASCII (IDNA); what is before the @ stays.

    Args:
        texts: addresses, perhaps with blanks around.

    Returns:
        Text; null where it is no address.
    """
    texts = texts.str.strip_chars()
    local = texts.str.extract("^([^@]*)@[^@]+$")
    simple = local.str.contains(PLAIN) & (local.str.len_bytes() <= LOCAL_LENGTH)
    simple = simple.fill_null(value=False)
    domain = _by_domain(texts.filter(simple).str.extract("@(.*)$"))
    whole = local.filter(simple) + "@" + domain
    whole = pl.select(pl.when(whole.str.len_bytes() <= LENGTH).then(whole)).to_series()
    read = pl.repeat(None, len(texts), dtype=pl.String, eager=True)
    read = read.scatter(simple.arg_true(), whole)
    places = (~simple & texts.is_not_null() & (texts != "")).arg_true()
    if not len(places):
        return read
    odd = texts.gather(places)
    distinct = odd.unique()
    answers = pl.Series([_ask(text) for text in distinct], dtype=pl.String)
    return read.scatter(places, odd.replace_strict(distinct, answers, return_dtype=pl.String))


def _by_domain(domains: pl.Series) -> pl.Series:
    distinct = domains.unique()
    answers = pl.Series([_ask_domain(domain) for domain in distinct], dtype=pl.String)
    return domains.replace_strict(distinct, answers, return_dtype=pl.String)


@lru_cache(maxsize=CACHED)
def _ask_domain(domain: str) -> str | None:
    whole = _ask(f"a@{domain}")
    return None if whole is None else whole.removeprefix("a@")


@lru_cache(maxsize=CACHED)
def _ask(text: str) -> str | None:
    import email_validator  # noqa: PLC0415  (most feeds have no e-mail)

    try:
        found = email_validator.validate_email(text, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return None
    return f"{text.rpartition('@')[0]}@{found.ascii_domain}"


def explain_email(text: str) -> str:
    """Say in a few words, and without the address, why it is none; empty where it is one."""
    import email_validator  # noqa: PLC0415  (as above)

    try:
        email_validator.validate_email(text.strip(), check_deliverability=False)
    except email_validator.EmailNotValidError as error:
        return " ".join(str(error).split(":")[0].split()).rstrip(".")
    return ""
