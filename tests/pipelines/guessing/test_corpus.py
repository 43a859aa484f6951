"""The corpus: files of partners, guessed without an edit, and run as guessed."""

import time

import pytest

from pipelines.feeds import LoadFeed
from pipelines.feeds.reading import read_yaml
from pipelines.guessing import Guess, Match, guess_file, write_yaml
from pipelines.guessing.records import LOW
from pipelines.loading import prepare
from tests.pipelines.guessing import corpus, corpus_last, corpus_later
from tests.pipelines.guessing.making import Case

CASES = [*corpus.cases(), *corpus_later.cases(), *corpus_last.cases()]
NAMES = [case.name for case in CASES]


def is_right(wanted: str | tuple[str, ...] | None, match: Match) -> bool:
    if wanted is None:
        return all(field.startswith("extendedProperties.") for field in match.fields)
    return set(match.fields) == {*([wanted] if isinstance(wanted, str) else wanted)}


@pytest.fixture(scope="module")
def guesses(tmp_path_factory) -> dict[str, Guess]:
    folder = tmp_path_factory.mktemp("corpus")
    found = {}
    for case in CASES:
        path = folder / case.name
        path.write_bytes(case.data)
        found[case.name] = guess_file(path)
    return found


def test_nearly_all_columns_are_right_and_every_wrong_one_is_marked(guesses) -> None:
    wrong, total = [], 0
    for case in CASES:
        matches = {match.column: match for match in guesses[case.name].matches}
        assert set(matches) == set(case.answer), case.name
        for column, wanted in case.answer.items():
            total += 1
            if not is_right(wanted, matches[column]):
                wrong.append((case.name, column, matches[column].confidence))
    assert len(CASES) >= 24
    assert len(wrong) <= 0.05 * total, wrong
    assert [one for one in wrong if one[2] >= LOW] == []


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_file_is_read_as_it_is_written(case: Case, guesses) -> None:
    found = guesses[case.name]
    assert found.target == case.target
    told = {**found.layout.words, **found.layout.control, **found.values}
    told["format"] = found.layout.format
    assert {word: told.get(word) for word in case.facts} == case.facts


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_feed_loads_and_a_clean_file_has_no_rejects(case: Case, tmp_path) -> None:
    source, file = tmp_path / case.name, tmp_path / "guessed" / "defs.yaml"
    source.write_bytes(case.data)
    file.parent.mkdir()
    file.write_text(write_yaml(guess_file(source)), encoding="utf-8")
    feed = read_yaml(file)
    assert isinstance(feed, LoadFeed)
    if case.clean:
        done = prepare(feed, source, tmp_path / "guessed")
        assert done.records > 0
        assert done.rejected_records == 0


def test_more_than_a_third_of_them_are_clean() -> None:
    assert sum(case.clean for case in CASES) >= len(CASES) / 3


def test_comments_and_questions_show_nobody(guesses) -> None:
    for case in CASES:
        found = guesses[case.name]
        comments = [line.partition("#")[2] for line in write_yaml(found).splitlines()]
        shown = "\n".join([*comments, *found.questions, *(m.why for m in found.matches)])
        for secret in ("@example", "Storgata", "Hansen", "Åkesson", "Sørensen", "100200"):
            assert secret not in shown, case.name


def test_a_large_file_is_sampled_in_three_places_and_no_more(tmp_path) -> None:
    path = tmp_path / "large.csv"
    line = b"%d;Kari;Hansen;kari@example.no;31.01.1980\r\n"
    with path.open("wb") as file:
        file.write(b"Kundenr;Fornavn;Etternavn;Epost;Fodt\r\n")
        for block in range(60):
            start = 10_000_000 + block * 20_000
            file.write(b"".join(line % n for n in range(start, start + 20_000)))
        file.write(b"TOTAL;1200000\r\n")
    started = time.monotonic()
    found = guess_file(path)
    assert time.monotonic() - started < 10
    assert found.layout.control == {"trailer": "TOTAL;{rows}"}
    assert [m.fields for m in found.matches][:1] == [("externalId",)]
