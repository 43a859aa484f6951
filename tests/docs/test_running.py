"""The quick start, followed word by word."""

from pathlib import Path

import pytest

from tests.docs.commands import commands_of

MEMBERS = """\
Kundenr;Fornavn;Etternavn;Mobil;E-post;Fødselsdato;Kjønn;Postnr;SMS ok
000001;Kari;Åsheim;97644754;kari@example.no;04.04.1959;K;0553;Ja
000002;Bjørn;Bø;95854919;bjorn@example.no;16.12.1999;M;9845;Nei
000003;Siri;Moen;91234567;siri@example.no;31.01.1984;K;2639;Ja
"""


@pytest.mark.slow
def test_the_quick_start_loads_a_file_of_ones_own(checkout, api, tmp_path: Path) -> None:
    """All but the installation, the sandbox's own shell and curl, as a person would type it."""
    own = tmp_path / "kunder.csv"
    own.write_text(MEMBERS, encoding="cp1252")
    ran = []
    for words in commands_of("quickstart"):
        if words[0] != "loyalty-etl" or words[1] == "sandbox":
            assert words[0] in {"make", "export", "curl", "loyalty-etl"}
            continue
        done = checkout(*(str(own) if word == "~/my_file.csv" else word for word in words[1:]))
        assert done.code == 0, (words, done.out, done.err)
        ran.append(words[1])
    assert ran == ["check", "guess", "preview", "validate", "run", "run", "runs"]
    assert api.facts()["customers"] == 3
