"""From what was guessed and what a person has said to the words of a feed, and back to a form."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from pipelines.feeds import FeedError, LoadFeed
from pipelines.feeds.reading import read_yaml
from pipelines.guessing import Guess, guess_file, sample_columns, write_yaml
from pipelines.guessing.records import CHOSEN, LEFT, OWN, Target
from pipelines.guessing.writing import write
from pipelines.runs import write_private
from pipelines.settings import private_folder
from pipelines.workbench.choices import choice_of, name_field
from pipelines.workbench.drafts import Answers, Draft

__all__ = [
    "CURRENCY", "AnswerError", "feed_of", "guess_of", "open_fields", "read_form", "samples_of",
    "words_of",
]  # fmt: skip

DEFAULTS = {
    "values.decimal": ".",
    "values.thousands": "",
    "values.date": "iso",
    "values.time": "iso",
    "values.region": "",
    "values.phones": "",
    "values.true": "",
    "values.false": "",
    "receipts.key": "",
    "receipts.return_amounts_in": "",
    "receipts.vat_percent": "",
    "receipts.time_zone": "Europe/Oslo",
}
"""What stands where a feed says nothing."""
CURRENCY = "Header.Currency"
LISTS = {"values.true", "values.false", "receipts.key"}
OF_MEMBERS = {"values.date", "values.region", "values.phones", "values.true", "values.false"}
OF_RECEIPTS = {word for word in DEFAULTS if word.startswith("receipts.")} | {"values.time"}


class AnswerError(Exception):
    """What was said cannot be. One line."""


def words_of(guess: Guess) -> dict[str, str]:
    """Give what stands in a feed's values and receipts, as texts: word → text."""
    other = OF_RECEIPTS if guess.target == "members" else OF_MEMBERS
    blocks = {"values": guess.values, "receipts": guess.receipts}
    found = {}
    for word, default in DEFAULTS.items():
        block, _, name = word.partition(".")
        value = blocks[block].get(name, default)
        if word not in other:
            found[word] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return found


def open_fields(guess: Guess) -> list[str]:
    """Name the fields that no column feeds and that one text may fill for all records."""
    fed = {name for match in guess.matches for name in match.fields}
    needed = [name for name in guess.added if name not in {"Header.ReceiptId", "externalId"}]
    free = [] if guess.target == "members" or CURRENCY in fed else [CURRENCY]
    return list(dict.fromkeys([*needed, *free]))


def guess_of(draft: Draft) -> Guess:
    """Guess a draft's file around what was said, and put in the rest that was said.

    Raises:
        GuessError: nothing can be made of it.
    """
    said = draft.answers
    found = _guess(draft.file, said.target, tuple(said.columns.items()))
    values, receipts = dict(found.values), dict(found.receipts)
    why = dict(found.values_why)
    for block, words in ((values, said.values), (receipts, said.receipts)):
        for word, text in words.items():
            block.pop(word, None)
            if text:
                block[word] = _value(word, text)
                why[word] = CHOSEN
    constants = {n: said.constants[n] for n in open_fields(found) if said.constants.get(n)}
    added = {name: write({"constant": text}) for name, text in constants.items()}
    questions = tuple(q for q in found.questions if not any(n in q for n in constants))
    return replace(
        found,
        values=values,
        values_why=why,
        receipts=receipts,
        added={**found.added, **added},
        answered=frozenset(added),
        questions=tuple(q for q in questions if q not in said.settled),
    )


@lru_cache(maxsize=8)
def _guess(file: Path, target: Target | None, chosen: tuple[tuple[str, str], ...]) -> Guess:
    return guess_file(file, target, dict(chosen))


@lru_cache(maxsize=8)
def samples_of(file: Path) -> Mapping[str, list[str]]:
    """Give some values of each column.

    Raises:
        GuessError: nothing can be made of the file.
    """
    return sample_columns(file)


def _value(word: str, text: str) -> object:
    if word == "vat_percent":
        try:
            return float(text.replace(",", "."))
        except ValueError:
            raise AnswerError(f"VAT: {text!r} is no number such as 25") from None
    if word in {"true", "false", "key"}:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def feed_of(draft: Draft) -> tuple[LoadFeed, str]:
    """Make the feed of a draft; give it with its YAML, which reads the file that was dropped.

    Raises:
        GuessError: nothing can be made of the file.
        FeedError: what was said makes no feed.
    """
    text = write_yaml(guess_of(draft))
    path = private_folder(draft.folder / "feed") / "defs.yaml"
    write_private(path, text)
    feed = read_yaml(path)
    assert isinstance(feed, LoadFeed)
    return feed, text


def read_form(draft: Draft, form: Mapping[str, str]) -> Answers:
    """Take what a form says otherwise than it was shown; what was left as guessed stays guessed.

    Args:
        draft: as it was shown.
        form: `column-<n>`, words such as `values.date`, `constant-<field>`, `settled-<n>`.

    Raises:
        AnswerError: two columns would be one field, or a number is none.
    """
    shown, said = guess_of(draft), draft.answers
    columns = dict(said.columns)
    for number, match in enumerate(shown.matches):
        chosen = form.get(f"column-{number}", choice_of(match))
        if not chosen:
            columns.pop(match.column, None)
        elif chosen != choice_of(match):
            columns[match.column] = chosen
    for name, times in Counter(columns.values()).items():
        if times > 1 and name not in {LEFT, OWN}:
            raise AnswerError(f"{times} columns are the {name_field(name)}: choose one of them")
    words = words_of(shown)
    changed = {w: form[w].strip() if w in LISTS else form[w] for w in words if w in form}
    changed = {w: text for w, text in changed.items() if text != words[w]}
    blocks = {
        block: {w.partition(".")[2]: t for w, t in changed.items() if w.startswith(f"{block}.")}
        for block in ("values", "receipts")
    }
    for word, text in blocks["receipts"].items():
        _value(word, text or "0")
    told = {n: form.get(f"constant-{n}") for n in open_fields(shown)}
    constants = {n: text.strip() for n, text in told.items() if text is not None}
    settled = [q for n, q in enumerate(shown.questions) if f"settled-{n}" in form]
    return replace(
        said,
        columns=columns,
        values={**said.values, **blocks["values"]},
        receipts={**said.receipts, **blocks["receipts"]},
        constants={**said.constants, **constants},
        settled=tuple(dict.fromkeys([*said.settled, *settled])),
    )


def refusal(draft: Draft) -> str:
    """Say why what was said makes no feed; empty if it makes one."""
    try:
        feed_of(draft)
    except FeedError as error:
        return str(error).partition(": ")[2]
    return ""
