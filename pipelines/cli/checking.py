"""`loyalty-etl check`: is everything in place for a load?"""

import click


@click.command()
@click.option("--profile", help="Only this brand's account; else all that feeds name.")
def check(*, profile: str | None) -> None:
    """Check the feeds, the settings, the ledger, the API's health and the key, in this order."""
    from pipelines.feeds import list_feeds, read_feed
    from pipelines.feeds.block import check_profile
    from pipelines.settings import ledger_url, trigg_account

    try:
        chosen = {check_profile(profile)} if profile is not None else set()
    except ValueError as error:
        raise click.UsageError(f"--profile: {error}") from None
    names = list_feeds()
    named = {read_feed(name).profile for name in names}
    click.echo(f"feeds     {len(names)} read, no mistakes")
    accounts = [trigg_account(name) for name in sorted(chosen or named or {""})]
    for account in accounts:
        click.echo(f"settings  {account.where}, a key of {len(account.api_key)} characters")
        if account.headers:
            click.echo(f"headers   {', '.join(name for name, _ in account.headers)}")

    from connectors.trigg.client import Client
    from delivery.ledger import open_ledger

    with open_ledger(ledger_url()) as ledger:
        click.echo(f"ledger    {ledger.loads_begun:,} loads were begun")

    for account in accounts:
        whose = f"{account.profile} " if account.profile else ""
        with Client(account, in_flight=1) as client:
            answer = client.ping()
            click.echo(f"health    {whose}answers in {answer.seconds * 1000:.0f} ms")
            client.get("/stores")
            click.echo(f"key       {whose}accepted")
    click.echo("Next: loyalty-etl run FEED --dry-run")
