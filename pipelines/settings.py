"""Settings from the environment or `.env`: whom to talk to, and where state lies."""

import os
from functools import cache
from pathlib import Path

from dotenv import dotenv_values

from connectors.trigg.account import Account, AccountError
from pipelines import ROOT

SETTINGS = {
    "TRIGG_BASE_URL": "base URL of the API, e.g. https://api.staging.oculos.no/v4",
    "TRIGG_API_KEY": "the API key; only here, never in a file that is committed",
    "LOYALTY_ETL_LEDGER": "URL of the delivery ledger (default: SQLite in the state folder)",
    "LOYALTY_ETL_STATE": "folder of runs, exports and Dagster's own state (default: .state)",
}


def get_setting(name: str) -> str:
    """Give one of `SETTINGS`; the environment wins over `.env`; empty if neither has it."""
    if name not in SETTINGS:
        raise KeyError(name)
    return os.environ.get(name) or _env_file(ROOT / ".env").get(name) or ""


@cache
def _env_file(path: Path) -> dict[str, str]:
    return {k: v for k, v in dotenv_values(path, interpolate=False).items() if v}


def trigg_account() -> Account:
    """Give the account to talk to.

    Raises:
        AccountError: base URL or key are missing or unsafe. The message is one line.
    """
    for name in ("TRIGG_BASE_URL", "TRIGG_API_KEY"):
        if not get_setting(name):
            raise AccountError(f"{name} is not set: put it in the environment or in .env")
    return Account(get_setting("TRIGG_BASE_URL"), get_setting("TRIGG_API_KEY"))


def state_dir() -> Path:
    """Give the folder in which everything is kept between runs."""
    return (ROOT / (get_setting("LOYALTY_ETL_STATE") or ".state")).resolve()


def ledger_url() -> str:
    """Give the URL of the delivery ledger; one of PostgreSQL may hold a password."""
    return get_setting("LOYALTY_ETL_LEDGER") or f"sqlite:///{state_dir()}/ledger/ledger.sqlite"


def exports_dir() -> Path:
    """Give the folder that holds one folder per export feed."""
    return state_dir() / "exports"
