"""docs/reference-cli.md: every command with its options, as click knows them."""

import re
from collections.abc import Iterator

import click


def command_page() -> Iterator[str]:
    """Write every command, in the order of the alphabet."""
    from pipelines.cli import cli  # noqa: PLC0415  (the commands know this room's pages)

    names = sorted(cli.commands)
    links = (f"[{name}](#loyalty-etl-{name})" for name in names)
    yield " · ".join(links) + "\n"
    for name in names:
        yield from _tell(cli.commands[name], f"loyalty-etl {name}", "##")


def _tell(command: click.Command, path: str, level: str) -> Iterator[str]:
    yield f"{level} {path}\n"
    yield f"```text\n{_usage(command, path)}\n```\n"
    for paragraph in re.split(r"\n\s*\n", command.help or ""):
        yield f"{_plain(paragraph)}\n"
    options = [x for x in command.params if isinstance(x, click.Option) and not x.hidden]
    if options:
        yield "| option | does |"
        yield "| --- | --- |"
        yield from (f"| `{_spelled(option)}` | {_said(option)} |" for option in options)
        yield ""
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _tell(command.commands[name], f"{path} {name}", level + "#")


def _usage(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path)
    return " ".join([path, *command.collect_usage_pieces(context)])


def _spelled(option: click.Option) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    if option.is_flag or option.count:
        return names
    kind = option.metavar or option.type.get_metavar(option, click.Context(click.Command(""))) or ""
    return f"{names} {kind or option.type.name.upper()}".replace("|", "\\|")


def _said(option: click.Option) -> str:
    text = _plain(option.help or "")
    default = option.default
    if option.show_default and default is not None:
        text = f"{text} (default: `{default}`)".strip()
    return text


def _plain(text: str) -> str:
    return " ".join(text.replace("\b", "").split()).replace("|", "\\|")
