"""Settings from the environment or `.env`: whom to talk to, and where state lies.

A profile is one brand's account. Its settings have its name in theirs: what `TRIGG_API_KEY` is to
the account without a name, `TRIGG_BRAND_A_API_KEY` is to the profile `brand_a`. Nothing of one is
ever taken for another.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from dotenv import dotenv_values

from connectors.trigg.account import PRODUCTION, Account, AccountError, Timeout, name_settings
from pipelines import ROOT

SETTINGS = {
    "TRIGG_BASE_URL": "base URL of the API, e.g. https://api.staging.oculos.no/v4",
    "TRIGG_API_KEY": "the API key; only here, never in a file that is committed",
    "TRIGG_ENVIRONMENT": "sandbox, staging or production, where the address does not say it",
    "TRIGG_HEADERS": "further headers of every request, as in `x-brand: a; x-market: no`",
    "TRIGG_TIMEOUTS": "seconds to wait, as in `read: 60; total: 300`",
    "LOYALTY_ETL_ALLOW_PRODUCTION": "1 lets loads write to production",
    "LOYALTY_ETL_LEDGER": "URL of the delivery ledger (default: SQLite in the state folder)",
    "LOYALTY_ETL_REPORT_URL": "where reports of runs are served, as <URL>/<run>/<feed>",
    "LOYALTY_ETL_ALERTS": "who is told when something is the matter, as addresses",
    "LOYALTY_ETL_LOG": "json for a log of JSON lines on stderr, or a file that they go to",
    "LOYALTY_ETL_METRICS": "a file that metrics for Prometheus are written to after each step",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "URL of a collector of OpenTelemetry that traces go to",
    "OTEL_EXPORTER_OTLP_HEADERS": "headers of its requests; they may hold its key",
    "LOYALTY_ETL_STATE": "folder of runs, exports and Dagster's own state (default: .state)",
}


_ALERTS = "LOYALTY_ETL_ALERTS"


def get_setting(name: str, profile: str = "") -> str:
    """Give one of `SETTINGS`, or what it is to a profile; empty if it is not set.

    The environment wins over `.env`.
    """
    if name not in SETTINGS:
        raise KeyError(name)
    name = name_settings(name, profile)
    return os.environ.get(name) or _env_file(ROOT / ".env").get(name) or ""


def alert_addresses() -> dict[str, list[str]]:
    """Give the addresses that alerts go to, by team; that of all has no name.

    They stand in `LOYALTY_ETL_ALERTS` and `LOYALTY_ETL_ALERTS_<TEAM>`, with blanks between several.
    """
    set_ = {**_env_file(ROOT / ".env"), **{name: text for name, text in os.environ.items() if text}}
    found = {}
    for name, text in sorted(set_.items()):
        word, _, team = name.partition(_ALERTS)
        if not word and team[:1] in {"", "_"} and text.split():
            found[team[1:].lower()] = text.split()
    return found


@cache
def _env_file(path: Path) -> dict[str, str]:
    return {k: v for k, v in dotenv_values(path, interpolate=False).items() if v}


def trigg_account(profile: str = "") -> Account:
    """Give the account of a profile, to read from; without one that of the unnamed variables.

    Raises:
        AccountError: base URL or key are missing, or something is unsafe. The message is one line.
    """
    for name in ("TRIGG_BASE_URL", "TRIGG_API_KEY"):
        if not get_setting(name, profile):
            message = f"{name} is not set: put it in the environment or in .env"
            raise AccountError(message, profile)
    timeouts = _pairs("TRIGG_TIMEOUTS", profile)
    try:
        timeout = Timeout(**{name: float(seconds) for name, seconds in timeouts})
    except (TypeError, ValueError):  # AccountError is one
        known = ", ".join(Timeout.__slots__)
        message = f"TRIGG_TIMEOUTS: write seconds above 0 for some of {known}, as in read: 60"
        raise AccountError(message, profile) from None
    return Account(
        get_setting("TRIGG_BASE_URL", profile),
        get_setting("TRIGG_API_KEY", profile),
        timeout,
        profile,
        get_setting("TRIGG_ENVIRONMENT", profile),
        _pairs("TRIGG_HEADERS", profile),
    )


def writing_account(profile: str = "") -> Account:
    """Give the account of a profile, to write to.

    Raises:
        AccountError: as `trigg_account`; or it is production, and that was not asked for.
    """
    account = trigg_account(profile)
    if account.environment == PRODUCTION and get_setting("LOYALTY_ETL_ALLOW_PRODUCTION") != "1":
        told = account.known or get_setting("TRIGG_ENVIRONMENT", profile)
        other = name_settings("TRIGG_ENVIRONMENT", profile)
        raise AccountError(
            f"nothing was sent into {account.where}: to load there say --allow-production, or set"
            " LOYALTY_ETL_ALLOW_PRODUCTION=1"
            + ("" if told else f"; if it is no production, say what it is in {other}")
        )
    return account


@contextmanager
def production_allowed() -> Iterator[None]:
    """Let what runs in this block, and the processes it starts, write to production."""
    name = "LOYALTY_ETL_ALLOW_PRODUCTION"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def lead_to(base_url: str, api_key: str, profiles: Iterable[str]) -> None:
    """Have all these profiles lead to one sandbox, whatever they are set to, until the end."""
    settings = {
        "TRIGG_BASE_URL": base_url,
        "TRIGG_API_KEY": api_key,
        "TRIGG_ENVIRONMENT": "sandbox",
        "TRIGG_HEADERS": ";",  # none: an empty one would be looked for in .env
        "TRIGG_TIMEOUTS": ";",
    }
    for profile in profiles:
        os.environ.update({name_settings(k, profile): v for k, v in settings.items()})


def _pairs(name: str, profile: str) -> tuple[tuple[str, str], ...]:
    """Read `name: value; name: value`."""
    found = []
    for part in filter(str.strip, get_setting(name, profile).split(";")):
        word, colon, value = part.partition(":")
        if not colon:
            message = f"{name}: write `name: value`, and `;` between several"
            raise AccountError(message, profile)
        found.append((word.strip(), value.strip()))
    return tuple(found)


def state_dir() -> Path:
    """Give the folder in which everything is kept between runs."""
    return (ROOT / (get_setting("LOYALTY_ETL_STATE") or ".state")).resolve()


def private_folder(folder: Path) -> Path:
    """Give a folder, made with what is missing above it for its owner only.

    Raises:
        OSError: it cannot be made.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    return folder


def ledger_url() -> str:
    """Give the URL of the delivery ledger; one of PostgreSQL may hold a password."""
    return get_setting("LOYALTY_ETL_LEDGER") or f"sqlite:///{state_dir()}/ledger/ledger.sqlite"


def exports_dir() -> Path:
    """Give the folder that holds one folder per export feed."""
    return state_dir() / "exports"
