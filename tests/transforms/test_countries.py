"""Countries as people write them."""

import phonenumbers
import polars as pl
import pytest

from transforms.countries import read_country

WRITTEN = {
    "NO": ["NO", "no", "NOR", " Norge ", "NORWAY", "Noreg", "Norwegen"],
    "SE": ["se", "SWE", "Sverige", "Sweden", "Schweden"],
    "DK": ["DNK", "Danmark", "denmark", "Dänemark"],
    "DE": ["DEU", "Tyskland", "Germany", "Deutschland"],
    "FI": ["Finland", "Suomi", "Finnland"],
    "GB": ["UK", "GBR", "Storbritannia", "Storbritannien", "Great Britain", "United Kingdom"],
    "US": ["USA", "U.S.A.", "United States", "Vereinigte Staaten"],
    "AT": ["Østerrike", "Österrike", "Østrig", "Austria", "Österreich"],
    "NL": ["Holland", "Nederland", "Nederländerna", "Netherlands", "Niederlande"],
    None: ["", "Nordland", "XX", "EU", "Världen", "150", None],
}


@pytest.mark.parametrize("code", WRITTEN)
def test_codes_and_names_in_five_languages(code):
    words = pl.Series(WRITTEN[code], dtype=pl.String)
    assert read_country(words).to_list() == [code] * len(words)


def test_every_country_with_phones_is_known_by_its_code():
    codes = pl.Series(sorted(phonenumbers.SUPPORTED_REGIONS - {"AC", "TA"}))
    assert read_country(codes).equals(codes)
