"""`loyalty-etl check`: is everything in place for a load?"""

import click


@click.command()
def check() -> None:
    """Check the feeds, the settings, the ledger, the API's health and the key, in this order."""
    from pipelines.feeds import list_feeds, read_feed
    from pipelines.settings import ledger_url, trigg_account

    names = list_feeds()
    for name in names:
        read_feed(name)
    click.echo(f"feeds     {len(names)} read, no mistakes")
    account = trigg_account()
    click.echo(f"settings  {account.base_url}, a key of {len(account.api_key)} characters")

    from connectors.trigg.client import Client
    from delivery.ledger import open_ledger

    with open_ledger(ledger_url()) as ledger:
        click.echo(f"ledger    {ledger.loads_begun:,} loads were begun")

    with Client(account, in_flight=1) as client:
        answer = client.ping()
        click.echo(f"health    answers in {answer.seconds * 1000:.0f} ms")
        client.get("/stores")
        click.echo("key       accepted")
    click.echo("Next: loyalty-etl run FEED --dry-run")
