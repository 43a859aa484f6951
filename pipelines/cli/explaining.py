"""`loyalty-etl explain`: what a code means, and what to do about it."""

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.codes import Code


@click.command()
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per meaning.")
def explain(*, code: str | None, as_json: bool) -> None:
    """Say what a code means and what to do; without CODE list them all.

    CODE stands in brackets behind the line of an error, or behind the field in the reasons of
    rejects: `birthDate: not-a-date`.
    """
    from difflib import get_close_matches

    from pipelines.codes import ERRORS, EXITS, OUTCOMES, REJECTS, Ending

    groups: dict[str, Mapping[str, Code]] = {"error": ERRORS, "reject": REJECTS, "record": OUTCOMES}
    wanted = (code or "").rpartition(": ")[2].strip("[] ")
    known = {name for codes in groups.values() for name in codes}
    if code and wanted not in known:
        close = get_close_matches(wanted, known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise click.ClickException(f"no code is called {wanted}; {hint}see: loyalty-etl explain")
    for group, codes in groups.items():
        for name, told in codes.items():
            if wanted not in {"", name}:
                continue
            ends = EXITS[told.kind] if isinstance(told, Ending) else None
            if as_json:
                facts = {"code": name, "of": group, "cause": told.cause, "fix": told.fix}
                click.echo(json.dumps({**facts, "exit_code": ends}, ensure_ascii=False))
            elif not wanted:
                click.echo(f"{group:<6}  {name:<22}  {told.cause}")
            else:
                what = f"an error, exit code {ends}" if ends else f"of a {group}"
                click.echo(f"{name} ({what})\n  cause  {told.cause}\n  fix    {told.fix}")
