"""`loyalty-etl feeds`: what there is to run."""

import json

import click

from pipelines.feeds import LoadFeed, list_feeds, read_feed


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def feeds(*, as_json: bool) -> None:
    """List the feeds of pipelines/defs/."""
    names = list_feeds()
    width = max(map(len, names), default=0)
    for name in names:
        feed = read_feed(name)
        if isinstance(feed, LoadFeed):
            source, target = feed.source.path, str(feed.target.endpoint)
        else:
            source, target = feed.reads, "Parquet"
        if as_json:
            kind = "load" if isinstance(feed, LoadFeed) else "export"
            told = {"feed": name, "kind": kind, "from": source, "to": target}
            told["description"] = feed.description
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            click.echo(f"{name:<{width}}  {source} → {target}  {feed.description}")
    if not as_json:
        click.echo("Next: loyalty-etl run FEED --dry-run")
