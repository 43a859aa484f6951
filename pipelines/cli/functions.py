"""`loyalty-etl functions`: what the user's own functions are."""

import json

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def functions(*, as_json: bool) -> None:
    """List your own functions in pipelines/functions/."""
    from pipelines.own_functions import list_functions

    found = list_functions()
    for function in found:
        if as_json:
            told = {
                "function": function.name,
                "parameters": list(function.parameters),
                "about": function.about,
            }
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            click.echo(f"{function.name}({', '.join(function.parameters)})  {function.about}")
    if not found and not as_json:
        click.echo("There are none: write pipelines/functions/NAME.py, see docs/mapping.md")
