"""`loyalty-etl guess`: from an unknown file to a feed that loads."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from pipelines.guessing import Guess


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--target",
    type=click.Choice(["members", "receipts"]),
    help="What its records are, if that is known.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the feed here, such as pipelines/defs/NAME/defs.yaml; else it is printed.",
)
@click.option("--force", is_flag=True, help="Overwrite the feed that is there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def guess(
    *,
    file: Path,
    target: Literal["members", "receipts"] | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Find out how a file is written and what its columns are, and write a feed for it.

    FILE may be packed; of a folder the first file is judged. What could not be decided stands as
    a question in the YAML's comments and on the screen.
    """
    from pipelines.guessing import GuessError, guess_file, write_yaml

    if output and output.exists() and not force:
        raise click.UsageError(f"{output} is there already; choose another name, or --force")
    try:
        found = guess_file(file, target)
    except GuessError as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    text = write_yaml(found)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    if as_json:
        click.echo(json.dumps(_told(found, output, text), ensure_ascii=False))
    elif output:
        _show(found, output)
    else:
        click.echo(text, nl=False)
        _ask(found, err=True)
        name = f"pipelines/defs/{found.name}/defs.yaml"
        click.echo(f"Next: loyalty-etl guess {file} -o {name}", err=True)


def _show(found: "Guess", output: Path) -> None:
    width = min(40, max(len(match.column) for match in found.matches))
    for match in found.matches:
        field = ", ".join(match.fields) or f"not sent: {match.left_out}"
        flag = " ← look" if match.confidence < 0.7 else ""
        click.echo(f"{match.column[:width]:<{width}}  {match.confidence:.2f}  {field}{flag}")
    _ask(found, err=False)
    low = sum(match.confidence < 0.7 for match in found.matches)
    click.echo(f"{found.target}: {len(found.matches)} columns, {low} of low confidence → {output}")
    from pipelines.feeds.reading import feeds_dir

    folder = output.resolve().parent
    shipped = folder.parent == feeds_dir().resolve()
    click.echo(f"Next: loyalty-etl preview {folder.name if shipped else shlex.quote(str(folder))}")


def _ask(found: "Guess", *, err: bool) -> None:
    for question in found.questions:
        click.echo(f"QUESTION: {question}", err=err)


def _told(found: "Guess", output: Path | None, text: str) -> dict[str, object]:
    return {
        "file": found.path,
        "target": found.target,
        "target_confidence": found.target_confidence,
        "format": found.layout.format,
        "source": dict(found.layout.words),
        "evidence": dict(found.layout.why),
        "values": dict(found.values),
        "columns": [
            {
                "column": match.column,
                "fields": list(match.fields),
                "confidence": match.confidence,
                "why": match.why,
                "left_out": match.left_out,
            }
            for match in found.matches
        ],
        "questions": list(found.questions),
        "output": str(output) if output else None,
        "yaml": text,
    }
