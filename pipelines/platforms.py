"""One name for a platform, under which all that is remembered of it lies."""

from urllib.parse import urlsplit

from connectors.trigg.account import Account


def platform_of(account: Account) -> str:
    """Spell a platform's address in one way: under another, all would be sent again.

    A profile is a part of it, so that two brands at one address are kept apart.
    """
    base = urlsplit(account.base_url)
    host = account.host.removesuffix({"https": ":443", "http": ":80"}[base.scheme])
    brand = f"#{account.profile}" if account.profile else ""  # no base URL has a #
    return f"{base.scheme}://{host}{base.path}{brand}"
