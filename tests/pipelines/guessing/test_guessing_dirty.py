"""What `guess` makes of dirty columns, odd layouts and places to write to."""

import json

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines import ROOT
from pipelines.cli import cli
from pipelines.feeds.reading import read_yaml
from pipelines.guessing import GuessError, guess_file, write_yaml
from pipelines.guessing.kinds import is_phone
from pipelines.guessing.names import make_safe
from pipelines.guessing.records import LOW
from pipelines.loading import prepare
from tests.pipelines.guessing.making import workbook

HEAD = "store;receipt;time;line;sku;qty;gross\n"


def born(*values: str) -> str:
    rows = "".join(f"{n};a{n}@b.no;{value}\n" for n, value in enumerate(values))
    return f"kundenr;epost;fodselsdato\n{rows}"


def sold(*amounts: str) -> str:
    rows = [f"1;R{n};2024-05-01 12:00;1;7;{-1 if n == 0 else 1};{a}" for n, a in enumerate(amounts)]
    return HEAD + "\n".join(rows) + "\n"


def match_of(found, column):
    return next(match for match in found.matches if match.column == column)


GOOD = [f"{day}.{day - 12:02}.19{day + 50}" for day in range(13, 24)]


@pytest.mark.parametrize("many", [4, 6, 11])
@pytest.mark.parametrize("bad", ["00.00.0000", "31.02.1980", "ukjent"])
def test_a_bad_value_takes_no_date_from_a_known_name(guessed, many, bad) -> None:
    found = guessed(born(*GOOD[: many - 1], bad))
    match = match_of(found, "fodselsdato")
    assert match.fields == ("birthDate",)
    assert match.confidence < 0.95
    assert f"1 of {many} values do not fit" in match.why
    assert found.values["date"] == "%d.%m.%Y"


def test_many_bad_values_leave_the_field_and_mark_it(guessed) -> None:
    found = guessed(born(*GOOD[:6], "00.00.0000", "31.02.1980", "30.02.1980", "x"))
    match = match_of(found, "fodselsdato")
    assert match.fields == ("birthDate",)
    assert match.confidence < LOW


def test_iso_dates_with_and_without_times_are_one_way_to_write_them(guessed) -> None:
    found = guessed(born("1980-01-31T00:00:00", "1975-12-05T00:00:00+01:00", "1992-02-29"))
    assert match_of(found, "fodselsdato").fields == ("birthDate",)
    assert "date" not in found.values


def test_dates_are_no_phones() -> None:
    assert not is_phone("31.02.1980")
    assert not is_phone("1980-02-31")
    assert is_phone("99 88 77 66")
    assert is_phone("22.33.44.55")


def test_years_are_no_serial_days_and_are_asked_about(guessed) -> None:
    found = guessed(born("1980", "1975", "1992", "2001"))
    match = match_of(found, "fodselsdato")
    assert "date" not in found.values
    assert match.fields == ("extendedProperties.fodselsdato",)
    assert match.confidence < LOW
    assert any("`fodselsdato` has the name of birthDate" in q for q in found.questions)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Poeng", "poeng"),
        ("phones[type=home].number", "phonesHomeNumber"),
        ("Name.@last", "nameLast"),
        ("KUNDE_STATUS", "kundeStatus"),
        ("Størrelse på sko", "storrelsePaSko"),
        ("2024-01", "column202401"),
        ("顧客", "column"),
    ],
)
def test_a_name_of_its_own_is_the_words_of_the_source(name, safe) -> None:
    assert make_safe(name) == safe


def test_a_parquet_column_of_bytes_leaves_the_others(guessed, tmp_path) -> None:
    rows = [{"kundenr": f"{n}", "epost": f"a{n}@b.no", "bin": b"\xff\x00"} for n in range(20)]
    pl.DataFrame(rows).write_parquet(tmp_path / "a.parquet")
    found = guessed((tmp_path / "a.parquet").read_bytes(), "a.parquet")
    assert [match.fields for match in found.matches] == [("externalId",), ("email",)]
    assert min(match.confidence for match in found.matches) > 0.9
    assert any("`bin`" in question for question in found.questions)


def test_one_quoted_line_break_is_quoting(guessed) -> None:
    rows = [f"{n};Kari;a{n}@b.no" for n in range(200)]
    rows[120] = '120;"Liv\nAnne";a120@b.no'
    found = guessed("Kundenr;Fornavn;Epost\n" + "\n".join(rows) + "\n")
    assert "quote" not in found.layout.words
    assert not any("not as wide" in question for question in found.questions)


def test_rows_of_other_width_with_quotes_are_told_of(guessed) -> None:
    rows = "".join(f"{n};Kari;a{n}@b.no\n" for n in range(20))
    found = guessed(f'Kundenr;Fornavn;Epost\n{rows}20;"Liv\n')
    assert any('a " stands in some of them' in question for question in found.questions)


@pytest.mark.parametrize("form", ["felt_{}", "2024-{:02}"])
def test_known_names_make_a_header_among_many_with_digits(guessed, form) -> None:
    header = ";".join(form.format(n) for n in range(1, 13))
    rows = [f"{n};9{n:07};a{n}@b.no;" + ";".join(["7"] * 12) for n in range(9)]
    found = guessed(f"Kundenr;Mobil;Epost;{header}\n" + "\n".join(rows) + "\n")
    assert match_of(found, "Epost").fields == ("email",)


def test_rows_that_end_in_a_delimiter_keep_the_header(guessed) -> None:
    rows = "".join(f"{n};Kari;a{n}@b.no;\n" for n in range(9))
    found = guessed(f"Kundenr;Fornavn;Epost\n{rows}")
    assert found.layout.words["header"] == ["Kundenr", "Fornavn", "Epost", "column_4"]
    assert match_of(found, "Epost").fields == ("email",)


PERSON = {"id": "7", "fornavn": "Kari", "email": "a@b.no", "phones": [{"type": "a", "no": "1"}]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps({f"{n:06}": PERSON for n in range(40)}), "an object of 40 alike objects"),
        (json.dumps(PERSON, indent=1), "one object with `id`"),
        (json.dumps(PERSON, indent=1) * 5, "5 objects one behind the other"),
    ],
)
def test_json_without_an_array_is_asked_about(guessed, text, said) -> None:
    found = guessed(text, "a.json")
    assert said in found.questions[0]
    assert match_of(found, "email").fields == ("email",)


@pytest.mark.parametrize("amount", ["-12,50", "12,50-", "\N{MINUS SIGN}12,50"])
def test_a_return_is_signed_wherever_its_minus_stands(guessed, amount) -> None:
    found = guessed(sold(amount, "12,50", "99,00", "1,25", "7,00"))
    assert found.receipts["return_amounts_in"] == "signed"


def test_amounts_in_parentheses_are_asked_about(guessed) -> None:
    found = guessed(sold("(12.50)", "12.50", "99.00", "1.25", "(7.00)"))
    assert match_of(found, "gross").fields == ("Items.GrossAmount",)
    assert any("`gross` stand in parentheses" in question for question in found.questions)


def test_a_trailer_names_the_number_that_is_the_receipts(guessed) -> None:
    rows = "".join(f"1;R{n // 2};2024-05-01 12:{n:02};{n % 2 + 1};7;1;9,50\n" for n in range(8))
    found = guessed(f"{HEAD}{rows}T;4\n")
    assert found.layout.control == {"trailer": "T;{receipts}"}


def test_a_folder_of_several_files_is_asked_about(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("Kundenr;Epost\n1;a@example.no\n2;b@example.no\n")
    (tmp_path / "b.json").write_text("[]")
    questions = guess_file(tmp_path).questions
    assert any("2 files (.csv, .json)" in question for question in questions)


def test_an_undecided_mark_names_its_column_and_the_words(guessed) -> None:
    found = guessed(sold("1.234", "12.500", "999", "7", "3.250"))
    (question,) = [q for q in found.questions if "values.thousands" in q]
    assert "`gross`" in question
    assert "values.decimal" in question
    assert match_of(found, "gross").confidence < LOW


@pytest.mark.parametrize("start", ["<html>", "<!DOCTYPE html>\n<html>", '<table border="1">'])
def test_a_web_page_is_no_data(guessed, start) -> None:
    with pytest.raises(GuessError, match="a web page, not data; open it in Excel"):
        guessed(f"{start}<tr><td>Kundenr</td></tr><tr><td>1</td></tr>", "a.xls")


def test_a_workbook_ends_in_a_total(guessed, tmp_path) -> None:
    cells = [["Kundenr", "Epost", "By"], *([n, f"k{n}@b.no", "Oslo"] for n in range(30))]
    found = guessed(workbook([*cells, ["Totalt", "", "3000"]]), "a.xlsx")
    assert found.layout.control == {"trailer": "Totalt;{skip}"}
    assert any("looks like a total" in question for question in found.questions)
    file = tmp_path / "guessed" / "defs.yaml"
    file.parent.mkdir()
    file.write_text(write_yaml(found), encoding="utf-8")
    done = prepare(read_yaml(file), tmp_path / "a.xlsx", file.parent)
    assert (done.records, done.rejected_records) == (30, 0)


def test_what_clears_a_field_is_told(guessed) -> None:
    found = guessed(born(*GOOD[:5], "#N/A"))
    assert found.values["clear"] == "#N/A"
    assert "1 sampled values are #N/A, which clears the field" in write_yaml(found)
    assert match_of(found, "fodselsdato").confidence > 0.95


def run(*words: str):
    return CliRunner().invoke(cli, ["guess", *words])


def test_the_feed_may_be_named_by_its_folder(tmp_path) -> None:
    source = str(ROOT / "sample_data" / "members.csv")
    folder = tmp_path / "my feeds" / "partner"
    done = run(source, "-o", str(folder))
    assert done.output.endswith(f"Next: loyalty-etl preview '{folder}'\n")
    assert (folder / "defs.yaml").is_file()
    again = run(source, "-o", str(folder))
    assert again.exit_code == 1
    assert "--force" in again.output
    file = tmp_path / "other" / "mine.yaml"
    assert run(source, "-o", str(file)).output.endswith(f"Next: loyalty-etl preview {file}\n")


@pytest.mark.parametrize(
    ("place", "said"),
    [("partner-members", "no feed's name"), ("file/partner", "cannot be written")],
)
def test_where_no_feed_can_be_is_one_line(tmp_path, place, said) -> None:
    (tmp_path / "file").write_text("")
    done = run(str(ROOT / "sample_data" / "members.csv"), "-o", str(tmp_path / place))
    assert done.exit_code == 1
    assert said in done.output
    assert done.output.count("\n") == 1


@pytest.mark.parametrize("word", ["https://example.no/a.csv", "in/*.csv"])
def test_what_is_on_no_disk_is_one_line(word) -> None:
    done = run(word)
    assert done.exit_code == 1
    assert "guess takes a file or a folder on this machine" in done.output
