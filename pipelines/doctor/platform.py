"""What loads need of others: feeds without mistakes, accounts, platforms that answer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pipelines.doctor.findings import Finding, fail, ok, warn
from pipelines.feeds import list_feeds, read_feed
from pipelines.settings import get_setting, trigg_account

if TYPE_CHECKING:
    from connectors.trigg.account import Account
    from connectors.trigg.client import Answer

SLOW = 2.0
"""Seconds for an answer that holds nothing."""
OFF, FAR_OFF = 60.0, 300.0
"""Seconds that the clock may differ from the platform's before somebody should look, and before
exports of what has changed may miss something (`read.since.overlap_minutes` is 10)."""


def feeds() -> Iterator[Finding]:
    """See that every feed can be read."""
    names = list_feeds()
    for name in names:
        read_feed(name)
    yield ok("feeds", f"{len(names)} read, no mistakes")


def accounts(*, offline: bool) -> Iterator[Finding]:
    """See that every account that feeds name is set, answers, and takes its key."""
    named = {read_feed(name).profile for name in list_feeds()} or {""}
    for profile in sorted(named):
        account = trigg_account(profile)
        may = get_setting("LOYALTY_ETL_ALLOW_PRODUCTION") == "1"
        leave = ""
        if account.environment == "production":
            leave = ", loads allowed" if may else ", loads must be asked for"
        yield ok("account", f"{account.where}{leave}")
        if not offline:
            yield from _ask(account)


def _ask(account: "Account") -> Iterator[Finding]:
    from connectors.trigg.client import Client  # noqa: PLC0415  (httpx is slow to import)
    from connectors.trigg.errors import ApiError  # noqa: PLC0415  (beside it)

    with Client(account, in_flight=1) as client:
        try:
            before = datetime.now(UTC)
            answer = client.ping()
        except ApiError as error:
            yield fail("platform", str(error), "curl -I the base URL from this machine")
            return
        told = f"{account.host} answers in {answer.seconds * 1000:,.0f} ms"
        if answer.seconds > SLOW:
            yield warn("platform", told, "look at the network between")
        else:
            yield ok("platform", told)
        yield from _compare(answer, before)
        try:
            client.get("/stores")
        except ApiError as error:
            yield fail("key", str(error), "loyalty-etl explain forbidden")
        else:
            yield ok("key", f"accepted by {account.host}")


def _compare(answer: "Answer", before: datetime) -> Iterator[Finding]:
    """Hold this clock against the platform's, which tells whole seconds."""
    try:
        theirs = parsedate_to_datetime(answer.date)
    except ValueError:
        return
    off = (before - theirs).total_seconds()
    off = max(0.0, abs(off) - answer.seconds - 1) * (1 if off > 0 else -1)
    way = "ahead of" if off > 0 else "behind"
    told = f"{abs(off):,.0f} s {way} the platform's"
    if abs(off) >= FAR_OFF:
        yield fail("clock", told, "have it kept by NTP (timedatectl set-ntp true)")
    elif abs(off) >= OFF:
        yield warn("clock", told, "have it kept by NTP (timedatectl set-ntp true)")
