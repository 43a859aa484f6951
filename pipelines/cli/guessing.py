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
    type=click.Path(path_type=Path),
    help="Write the feed here: its folder, such as pipelines/defs/NAME, or a .yaml file; "
    "else it is printed.",
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

    output = output and _choose(output, force=force)
    try:
        found = guess_file(file, target)
    except GuessError as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    text = write_yaml(found)
    if output:
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            reason = error.strerror or "no such path"
            raise click.ClickException(f"{output}: cannot be written: {reason}") from None
    if as_json:
        click.echo(json.dumps(_told(found, output, text), ensure_ascii=False))
    elif output:
        _show(found, output)
    else:
        click.echo(text, nl=False)
        _ask(found, err=True)
        named = ["--target", target] if target else []
        words = ["loyalty-etl", "guess", _as_word(file), *named, "-o", _as_word(_folder_of(found))]
        click.echo(f"Next: {shlex.join(words)}", err=True)


def _choose(output: Path, *, force: bool) -> Path:
    """Give the YAML file that is meant by a file or by a feed's folder, as preview reads it."""
    from pipelines.feeds.reading import refuse_name

    file = output if output.suffix in {".yaml", ".yml"} else output / "defs.yaml"
    try:
        name = file.resolve().parent.name
        there = file.is_dir() or file.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise click.ClickException(f"{output}: cannot be written: {error}") from None
    if wrong := refuse_name(name):
        raise click.ClickException(f"{output}: its folder {name!r} is no feed's name; {wrong}")
    if there and not force:
        raise click.ClickException(f"{file} is there already; choose another name, or --force")
    return file


def _folder_of(found: "Guess") -> Path:
    from pipelines.feeds.reading import feeds_dir

    folder = feeds_dir() / found.name
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _as_word(path: Path) -> str:
    text = str(path)
    return f"./{text}" if text.startswith("-") else text


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

    file = output.resolve()
    feed = file.parent if file.name == "defs.yaml" else file
    shipped = feed.parent == feeds_dir().resolve()
    click.echo(f"Next: loyalty-etl preview {feed.name if shipped else shlex.quote(str(feed))}")


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
