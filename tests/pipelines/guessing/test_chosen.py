"""What a person says of a column wins, and the rest is guessed around it."""

import pytest
import yaml

from pipelines.guessing import guess_file, sample_columns, write_yaml
from pipelines.guessing.records import LEFT, OWN

MEMBERS = "Kundenr;Fornavn;Etternavn;Mobil;Mobil 2;Ref;Kjønn\n" + "".join(
    f"{1000 + n};Kari;Hansen;+479{n:07};+474{n:07};A-{n:05};K\n" for n in range(30)
)
RECEIPTS = "Bong;Dato;Klokke;Vare;Antall;Beløp;Mva\n" + "".join(
    f"{n};31.01.2024;14:5{n % 10};7038{n};1;12,50;2,50\n" for n in range(30)
)


def mapping_of(guess) -> dict:
    return yaml.safe_load(write_yaml(guess))["attributes"]["mapping"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "kunder.csv"
    path.write_text(MEMBERS)
    return path


def test_a_column_becomes_what_is_said_and_gives_up_what_it_was(file) -> None:
    before = mapping_of(guess_file(file))
    assert before["externalId"] == "Kundenr"
    assert before["mobilePhone"] == "Mobil"
    chosen = {"Ref": "externalId", "Mobil 2": "mobilePhone", "Fornavn": LEFT}
    guess = guess_file(file, "members", chosen)
    mapping = mapping_of(guess)
    assert mapping["externalId"] == "Ref"
    assert mapping["mobilePhone"] == "Mobil 2"
    assert "firstName" not in mapping
    assert mapping["lastName"] == "Etternavn"
    ref = next(match for match in guess.matches if match.column == "Ref")
    assert (ref.confidence, ref.why) == (1.0, "chosen by a person")
    assert not any("`Mobil 2` would fit too" in question for question in guess.questions)


def test_a_column_may_be_a_property_of_its_own(file) -> None:
    guess = guess_file(file, "members", {"Kjønn": OWN})
    assert mapping_of(guess)["extendedProperties.kjonn"] == "Kjønn"


def test_the_words_of_a_chosen_field_are_made_anew(file) -> None:
    """A phone that is chosen is asked its country, as one that was guessed."""
    file.write_text(MEMBERS.replace("+474", "4"))
    guess = guess_file(file, "members", {"Mobil 2": "mobilePhone"})
    assert guess.values["region"] == "NO"
    assert any("`Mobil 2` without a country code" in question for question in guess.questions)


def test_a_column_that_is_not_there_is_no_matter(file) -> None:
    assert guess_file(file, "members", {"Nummer": "externalId"}) == guess_file(file, "members")


def test_columns_of_receipts_are_chosen_likewise(tmp_path) -> None:
    path = tmp_path / "salg.csv"
    path.write_text(RECEIPTS)
    guess = guess_file(path, "receipts", {"Vare": "Items.ProductName", "Mva": LEFT})
    mapping = mapping_of(guess)
    assert mapping["Items.ProductName"] == "Vare"
    assert mapping["Header.TimeStamp"] == {"join": ["Dato", "Klokke"], "with": " "}
    assert "Items.Vat" not in mapping
    assert guess.receipts["vat_percent"] == 25


def test_samples_are_the_first_different_values(file) -> None:
    samples = sample_columns(file)
    assert samples["Kundenr"] == ["1000", "1001", "1002"]
    assert samples["Kjønn"] == ["K"]
