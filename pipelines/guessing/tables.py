"""Delimited text: from its pieces to a layout and sampled rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.feeds.words import RESERVED
from pipelines.guessing.dialects import Dialect, cut, find_dialect
from pipelines.guessing.edges import find_first, is_header, is_trailer, name_columns
from pipelines.guessing.fixed_width import find_fixed
from pipelines.guessing.records import GuessError, Layout, Table, Trailer

HEAD_ROWS, PIECE_ROWS = 3_000, 600
COLUMNS, NAME = 1_000, 200
LINE = 256 << 10


def read_table(texts: Sequence[str], *, ends: bool, file: str) -> tuple[Layout, Table]:
    """Judge the head of a text, then its middle and tail, which begin and end within lines.

    Raises:
        GuessError: it is no table.
    """
    head = texts[0].replace("\r\r\n", "\r\n")
    if "\n" not in head and head.count("\r") > 1:
        head = head.replace("\r", "\n")
    whole = len(texts) == 1 and ends
    if not whole:
        head = head[: head.rfind("\n") + 1]
    if not head.strip():
        raise GuessError(f"{file}: no line ends within the first {len(texts[0]):,} characters")
    if max(map(len, head.split("\n")[:50])) > LINE:
        raise GuessError(f"{file}: a line is longer than {LINE:,} characters; no table has such")
    dialect = find_dialect("".join(head.splitlines(keepends=True)[:400]))
    plain = dialect is None or (dialect.even < 0.8 and not dialect.said)
    fixed = find_fixed(_lines(head, texts[1:])) if plain else None
    if fixed:
        return fixed
    if dialect is None:
        return _one_column(head, file)
    return _delimited(head, texts[1:], dialect, whole=whole, ends=ends, file=file)


def _lines(head: str, more: Sequence[str]) -> list[str]:
    lines = head.splitlines()
    for text in more:
        lines += text.splitlines()[1:-1]
    return lines


def _one_column(head: str, file: str) -> tuple[Layout, Table]:
    lines = [line for line in head.splitlines() if line.strip()]
    if len(lines) < 2 or max(map(len, lines)) > 200:
        raise GuessError(f"{file}: neither a table nor JSON nor XML; ask what format it is")
    return _delimited(head, (), Dialect(";", '"', 1, 1.0, "only one column"), whole=True, ends=True,
                      file=file)  # fmt: skip


def _delimited(
    head: str, more: Sequence[str], dialect: Dialect, *, whole: bool, ends: bool, file: str
) -> tuple[Layout, Table]:
    if dialect.width > COLUMNS:
        raise GuessError(f"{file}: {dialect.width:,} columns; at most {COLUMNS:,} can be judged")
    body = head[head.find("\n") + 1 :] if dialect.said else head
    rows = list(cut(body, dialect.delimiter, dialect.quote, HEAD_ROWS))
    if not rows:
        raise GuessError(f"{file}: no lines of a table in it")
    top = _judge_top(rows, dialect)
    if any(len(name) > NAME for name in top.names):
        raise GuessError(f"{file}: a column's name is longer than {NAME} characters")
    data = [row for row, _ in rows[top.first :] if any(row)]
    breaks = _read_on(more, dialect, data, ends=ends)
    why, questions = {"delimiter": dialect.why, **top.why}, list(top.questions)
    trailer = None
    if ends and len(data) > 1 and is_trailer(data[-1], dialect.width):
        last = data.pop()
        count = len(data) if whole and len(rows) < HEAD_ROWS else None
        trailer = Trailer(last, dialect.delimiter, count)
        why["trailer"] = "the last line is no record"
    good = [row for row in data if len(row) == dialect.width]
    if len(good) < len(data):
        question = f"{len(data) - len(good)} of {len(data):,} sampled rows are not as wide"
        if any('"' in cell for row in data if len(row) != dialect.width for cell in row):
            question += ', and a " stands in some of them: is it a quote that is not closed?'
        questions.append(question)
    if not good:
        questions.append("there is no row below the header; only names could be judged")
    words: dict[str, object] = {"delimiter": dialect.delimiter}
    if dialect.quote != '"':
        words["quote"] = dialect.quote
    columns = {name: [row[at] for row in good] for at, name in enumerate(top.names)}
    layout = Layout("csv", words | top.words, why, {}, tuple(questions), trailer)
    return layout, Table(columns, range(1, len(good) + 1), breaks=breaks)


@dataclass
class _Top:
    """What stands above the records: their names, the first of them, and words for it."""

    names: list[str]
    first: int
    words: dict[str, object] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)


def _judge_top(rows: Sequence[tuple[list[str], int]], dialect: Dialect) -> _Top:
    cells, width = [row for row, _ in rows], dialect.width
    if _ends_empty(cells, width):  # rows end in a delimiter that the header does not end in
        cells = [[*row, ""] if len(row) == width - 1 else row for row in cells]
    first = find_first(cells, width)
    above = int(dialect.said) + (rows[first - 1][1] if first else 0)
    below = [row for row in cells[first + 1 :] if len(row) == width]
    named, why_header = is_header(cells[first], below[:200])
    if named:
        top = _Top(list(cells[first]), first + 1)
        names, made = name_columns(cells[first][:width])
        doubled = len({cell.strip() for cell in cells[first]}) < width
        if made and (doubled or {"", *RESERVED} & {*cells[first]}):
            above += rows[first][1] - (rows[first - 1][1] if first else 0)
            top.names, top.words["header"] = names, names
            top.why["header"] = "names are empty or stand twice; here each has its own"
    else:
        names = [f"column_{at + 1}" for at in range(width)]
        top = _Top(names, first, {"header": names}, {"header": why_header})
        ask = f"no header line ({why_header}): ask the partner for the columns' names"
        top.questions.append(ask)
    if above:
        top.words["skip_lines"] = above
        what = "the line sep= and what follows it" if dialect.said else "what"
        top.why["skip_lines"] = f"{what} stands above the records"
    return top


def _ends_empty(rows: Sequence[Sequence[str]], width: int) -> bool:
    usual = [row for row in rows if len(row) == width]
    return width > 2 and bool(usual) and not any(row[-1] for row in usual)


def _read_on(
    more: Sequence[str], dialect: Dialect, data: list[list[str]], *, ends: bool
) -> frozenset[int]:
    """Add the rows of the middle and the tail; give the rows before which a gap is."""
    breaks = []
    for text in more:
        part = text[text.find("\n") + 1 :]
        if text is not more[-1] or not ends:
            part = part[: part.rfind("\n") + 1]
        breaks.append(len(data))
        rows = [row for row, _ in cut(part, dialect.delimiter, dialect.quote, HEAD_ROWS * 3)]
        data += [row for row in rows if any(row)][-PIECE_ROWS:]
    return frozenset(breaks)
