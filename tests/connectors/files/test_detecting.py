"""Encodings, told from bytes."""

import pytest

from connectors.files.detecting import detect_encoding

NORDIC = "Åse Bjørnstad;Ærlig Ødegård;Göran Sjöström;Käthe Müller\r\n" * 20


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_proof(mark) -> None:
    found = detect_encoding([NORDIC.encode(mark)])
    assert found.marked
    assert found.confidence == 1
    assert NORDIC.encode(mark).decode(found.name).removeprefix("\ufeff") == NORDIC


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_are_known_without_a_mark(name) -> None:
    found = detect_encoding([NORDIC.encode(name)])
    assert (found.name, found.marked) == (name, False)


@pytest.mark.parametrize("name", ["utf-8", "cp1252", "cp865"])
def test_letters_tell_the_encoding(name) -> None:
    found = detect_encoding([NORDIC.encode(name)])
    assert found.name == name
    assert found.confidence >= 0.8


@pytest.mark.parametrize("text", ["ÅSE BJØRNSTAD;ÆRLIG ØDEGÅRD\n", "søndre gate;kjøp;gågate\n"])
@pytest.mark.parametrize("name", ["cp1252", "cp865"])
def test_letters_of_one_case_do_too(text, name) -> None:
    assert detect_encoding([(text * 9).encode(name)]).name == name


def test_encodings_that_read_it_alike_are_named() -> None:
    found = detect_encoding(["Bjørn Ås\n".encode("iso-8859-1")])
    assert found.name == "cp1252"
    assert {"iso-8859-1", "iso-8859-15"} <= {*found.alike}


def test_a_euro_sign_tells_cp1252_from_its_neighbours() -> None:
    assert detect_encoding([("Pris 12 €;Bjørn\n" * 9).encode("cp1252")]).name == "cp1252"
    assert detect_encoding([("Pris 12 €;Bjørn\n" * 9).encode("iso-8859-15")]).name == "iso-8859-15"


def test_an_xml_declaration_is_believed_where_the_bytes_allow_it() -> None:
    text = '<?xml version="1.0" encoding="windows-1252"?><a>Bjørn Åse</a>'
    assert detect_encoding([text.encode("cp1252")]).name == "cp1252"
    assert detect_encoding([text.encode("cp1252")]).marked
    lie = detect_encoding([text.encode()])
    assert (lie.name, lie.marked) == ("utf-8", False)
    assert "declaration" in lie.why


def test_characters_cut_between_pieces_are_no_fault() -> None:
    data = ("ø" * 1000).encode()
    found = detect_encoding([data[:1001], data[401:1203], data[1601:]])
    assert found.name == "utf-8"
    assert found.confidence > 0.9


def test_a_few_wrong_bytes_do_not_unmake_utf8() -> None:
    found = detect_encoding([("Bjørn\n" * 100).encode() + b"\xff\n"])
    assert found.name == "utf-8"
    assert "1 bytes" in found.why


def test_the_evidence_holds_letters_and_no_words() -> None:
    why = detect_encoding([NORDIC.encode("cp865")]).why
    assert "Bj" not in why
    assert "nstad" not in why
