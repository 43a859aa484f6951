"""The API's methods for people: tables, one method at length, and those of docs/endpoints.md.

After a change of the catalogue, `python -m pipelines.describing` writes the page's tables anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from connectors.trigg.catalogue import all_endpoints
from connectors.trigg.endpoint import Endpoint, Field
from pipelines import ROOT

PAGE = ROOT / "docs" / "endpoints.md"
MARK = "<!-- made of the catalogue: python -m pipelines.describing -->\n"
USES = {
    "load": "load: a feed can send to it",
    "export": "export: a feed can read it",
    "look": "look: to look whether it is up",
    "no": "none for files",
}
REPEATS = {
    "same": "sent again, it does no more than once",
    "doubles": "sent again, it counts again",
    "refused": "sent again, it is refused",
    "unknown": "nobody says what a repeat does",
}
NEEDS = {
    "activation": "403 until the platform's operator has switched it on",
    "unknown": "not said whether it must be switched on first",
}
ANSWERS = {"one": "one record an answer", "many": "a list of records"}
_ASKED = {True: "asked", False: "held"}
SENDS = {"one": "one record a request", "many": "many records a request"}


def table(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    """Write methods as lines, by group; those not offered for files with the reason."""
    head = ("method", "use", "sends", "repeat", "needs", "what it is")
    rows = [
        (e.name, e.use, e.sends or "-", e.repeat or "-", _marks(e) or "-", e.about)
        for e in endpoints
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    widths[-1] = 0
    yield "  " + _line(head, widths)
    for group, members in groupby(zip(endpoints, rows, strict=True), lambda pair: pair[0].group):
        yield group
        for endpoint, row in members:
            yield "  " + _line(row, widths)
            if endpoint.bulk:
                yield f"    not offered for files: {endpoint.bulk}"


def detail(endpoint: Endpoint) -> Iterator[str]:
    """Write all that is known of a method, and how a feed begins that sends to it."""
    yield f"{endpoint.name}: {endpoint.about}"
    guessed = " (a guess, read off a sister method)" if endpoint.guessed else ""
    sends = ", ".join(filter(None, (SENDS.get(endpoint.sends), *endpoint.types)))
    told = {
        "group": endpoint.group,
        "use": USES[endpoint.use],
        "why": endpoint.bulk,
        "sends": sends,
        "undoes": endpoint.undoes,
        "deletes": "a person, for good: run it with --plan and --delete" if endpoint.erases else "",
        "envelope": endpoint.envelope,
        "answers": ANSWERS.get(endpoint.answers, ""),
        "asked": asked_for(endpoint),
        "none if": " or ".join(map(str, endpoint.none_if)),
        "repeat": REPEATS.get(endpoint.repeat, ""),
        "landed if": " or ".join(f"{status} follows a lost answer" for status in endpoint.done_if),
        "parked if": " or ".join(map(str, endpoint.parked_if)),
        "in doubt": _doubt(endpoint),
        "taken if": ", ".join(f"{name} is {value}" for name, value in endpoint.taken_if.items()),
        "key": _key(endpoint),
        "one of": ", ".join(endpoint.either),
        "statuses": ", ".join(map(str, endpoint.statuses)) + guessed,
        "preview": "may change or vanish without notice" if endpoint.preview else "",
        "needs": NEEDS.get(endpoint.needs, ""),
        "since": {"4.2.0": "4.2.0, or before"}.get(endpoint.since, endpoint.since),
    }
    yield from (f"  {word:<9}  {text}" for word, text in told.items() if text)
    known = {**endpoint.parameters, **endpoint.fields}
    width = max(map(len, known), default=0)
    if known or endpoint.open:
        yield "  fields"
    yield from (f"    {name:<{width}}  {_said(field)}" for name, field in known.items())
    if endpoint.open:
        yield "    and any other, as agreed with the platform's operator"
    if endpoint.use in {"load", "export"}:
        yield "In a feed:"
        yield from snippet(endpoint) if endpoint.use == "load" else read_snippet(endpoint)


def snippet(endpoint: Endpoint) -> Iterator[str]:
    """Write a feed's target and mapping for a method; COLUMN stands for a column of the source."""
    from pipelines.feeds.customers import NEEDS  # noqa: PLC0415  (pydantic is slow to import)

    known = {**endpoint.parameters, **endpoint.fields}
    needed: dict[str, str] = {name: field.kind for name, field in known.items() if field.required}
    needed |= dict.fromkeys(endpoint.either, "one of these")
    needed |= {name: "part of the key" for name in endpoint.key if name not in needed}
    if endpoint.name in NEEDS:  # members have canonical names, whatever the endpoint's spelling
        needed = {name.removeprefix("data."): kind for name, kind in needed.items()}
    width = max(map(len, needed)) + len(": COLUMN")
    yield "  target:"
    yield f"    endpoint: {endpoint.name}"
    yield "  mapping:"
    yield from (f"    {f'{name}: COLUMN':<{width}}  # {why}" for name, why in needed.items())


def read_snippet(endpoint: Endpoint) -> Iterator[str]:
    """Write how a feed begins that reads a method."""
    if "page" in endpoint.parameters:
        yield from ("  report:", "    type: TYPE")
        return
    yield "  read:"
    yield f"    endpoint: {endpoint.name}"
    if name := endpoint.asks_by:
        if endpoint.parameters[name].kind == "time":
            yield "    since: {first: 2024-01-01T00:00:00}"
        else:
            free = "" if endpoint.parameters[name].required else "   # leave it out to ask for all"
            yield f"    over: {{file: FILE, column: COLUMN}}{free}"


def asked_for(endpoint: Endpoint) -> str:
    """Say how often a feed asks that reads a method; empty where none does."""
    name = endpoint.asks_by
    if not endpoint.answers or "page" in endpoint.parameters:
        return "page by page" if endpoint.answers else ""
    if not name:
        return "once"
    field = endpoint.parameters[name]
    if field.kind == "time":
        return "once, since a time"
    return f"for each {name}" + ("" if field.required else ", or once")


def page_tables() -> str:
    """Write the tables of docs/endpoints.md."""
    return "\n".join(_page(all_endpoints())) + "\n"


def write_page() -> None:
    """Put the tables into docs/endpoints.md, in place of those that are there."""
    prose, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{PAGE} lacks the line {MARK}"
    PAGE.write_text(f"{prose}{MARK}\n{page_tables()}", encoding="utf-8")


def _page(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    sent = [e for e in endpoints if e.use == "load"]
    yield "## Sent to by feeds\n"
    yield from _markdown(
        ("method", "what it does", "sends", "repeat", "in doubt", "needs", "statuses"),
        (
            (f"`{e.name}`", e.about, e.sends, _repeat(e), _way(e), _marks(e), _statuses(e))
            for e in sent
        ),
    )
    yield "\n### Their fields\n"
    for endpoint in sent:
        yield f"- `{endpoint.name}`: {_fields(endpoint)}"
    yield "\n## Read\n"
    yield from _markdown(
        ("method", "what it answers", "use", "asked", "answers", "needs", "statuses"),
        (
            (
                *(f"`{e.name}`", e.about, e.use, asked_for(e)),
                *(e.answers, _marks(e), _statuses(e, e.none_if)),
            )
            for e in endpoints
            if e.use in {"export", "look"}
        ),
    )
    yield "\n## Not offered for files\n"
    yield from _markdown(
        ("method", "what it does", "why not"),
        ((f"`{e.name}`", e.about, e.bulk) for e in endpoints if e.use == "no"),
    )


def _key(endpoint: Endpoint) -> str:
    further = "all else that is mapped" if endpoint.whole else ", ".join(endpoint.apart)
    key = ("the first of " if endpoint.either else "") + ", ".join(endpoint.key)
    return f"{key}, and {further}" + (", if mapped" if endpoint.apart else "") if further else key


def _way(endpoint: Endpoint) -> str:
    if endpoint.repeat == "refused" and endpoint.ask:
        return "again, asked"
    return "again" if endpoint.repeat in {"same", "refused"} else _ASKED[bool(endpoint.ask)]


def _doubt(endpoint: Endpoint) -> str:
    """Say what is done, unless a feed says otherwise, after an answer that was lost."""
    by = " and ".join(endpoint.ask)
    if endpoint.use != "load":
        return ""
    if endpoint.repeat in {"same", "refused"}:
        asked = f"; if that is refused with 409, it is asked for by {by}" if by else ""
        return "sent again" + (asked if endpoint.repeat == "refused" else "")
    return f"asked for by {by}" if by else "held until somebody says"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |".replace("|  |", "| |").replace("|  |", "| |")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _marks(endpoint: Endpoint) -> str:
    """Say what stands between a method and its use."""
    needs = {"unknown": "activation?"}.get(endpoint.needs, endpoint.needs)
    return ", ".join(filter(None, (needs, "preview" if endpoint.preview else "")))


def _repeat(endpoint: Endpoint) -> str:
    return " ".join([endpoint.repeat, *map(str, endpoint.done_if)])


def _statuses(endpoint: Endpoint, none: Sequence[int] = ()) -> str:
    told = (f"{status} (none)" if status in none else str(status) for status in endpoint.statuses)
    return " ".join(told) + ("?" if endpoint.guessed else "")


def _said(field: Field) -> str:
    words = [field.kind, "required" if field.required else ""]
    words += [f"in the {field.place}" if field.place != "body" else ""]
    words += [f"in the list {field.items}" if field.items else ""]
    words += ["name guessed" if field.guessed else ""]
    return ", ".join(filter(None, words))


def _fields(endpoint: Endpoint) -> str:
    """List parameters and fields: required ones first and bold, and the kind if it is not text."""
    known = {**endpoint.parameters, **endpoint.fields}
    told = []
    for name, field in sorted(known.items(), key=lambda item: not item[1].required):
        shown = f"`{name}`" if field.kind != "object" else f"`{name}.…`"
        bold = f"**{shown}**" if field.required else shown
        told.append(bold if field.kind in {"text", "object"} else f"{bold} {field.kind}")
    text = ", ".join([*told, *(["any other"] if endpoint.open else [])])
    if endpoint.either:
        text += f"; one of {_quoted(endpoint.either)} is needed"
    lists = dict.fromkeys(field.items for field in known.values() if field.items)
    return f"{text}; a list: {_quoted(lists)}" if lists else text


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    write_page()
