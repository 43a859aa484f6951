"""The tables of docs/errors.md: every code, its cause and what to do."""

from collections.abc import Iterator, Mapping

from pipelines.codes import ERRORS, EXITS, OUTCOMES, REJECTS, Code

_KINDS = {
    "configuration": "usage or configuration",
    "network": "network or server, or stopped",
    "run": "the run failed",
}


def code_tables() -> Iterator[str]:
    """Write them, by what a code is told of."""
    yield "## Errors\n"
    yield "They end a command or a run.\n"
    for kind, number in EXITS.items():
        yield f"### Exit code {number}: {_KINDS[kind]}\n"
        yield from _table({name: code for name, code in ERRORS.items() if code.kind == kind})
        yield ""
    yield "## Rejects\n"
    yield "The checks reject a row for these; they stand behind the field, as in"
    yield "`birthDate: not-a-date`. `loyalty-etl validate FEED` guesses the fix from the values.\n"
    yield from _table(REJECTS)
    yield "\n## Records that are not accepted\n"
    yield "What else befalls a record, and why it is in doubt.\n"
    yield from _table(OUTCOMES)


def _table(codes: Mapping[str, Code]) -> Iterator[str]:
    yield "| code | means | what to do |"
    yield "| --- | --- | --- |"
    for name, code in codes.items():
        yield f"| `{name}` | {code.cause} | {code.fix} |"
