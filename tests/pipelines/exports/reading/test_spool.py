import json

import polars as pl
import pytest

from pipelines.exports.reading.spool import Spool, digest_rows

ASKED = {"report": "customers"}


def rows(*ids):
    return pl.DataFrame({"id": [*ids], "n": [*range(len(ids))]})


def test_units_are_there_when_it_is_opened_again(tmp_path):
    with Spool(tmp_path / "s", ASKED) as spool:
        spool.put(2, rows("c"), facts={"total": 3})
        put = spool.put(1, rows("a", "b"))
    with Spool(tmp_path / "s", ASKED) as spool:
        assert [*spool.units] == [1, 2]
        assert spool.units[1] == put
        assert spool.units[2].facts == {"total": 3}
        assert spool.read(1).equals(rows("a", "b"))
        assert spool.read(1, ["n", "no"]).columns == ["n"]
        assert put.digest == digest_rows(rows("a", "b"))
        assert spool.shapes == [rows("a").schema]


def test_units_of_another_question_are_gone(tmp_path):
    with Spool(tmp_path / "s", ASKED) as spool:
        spool.put(1, rows("a"))
    with Spool(tmp_path / "s", {"report": "stores"}) as spool:
        assert spool.units == {}


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_what_a_crash_left_half_is_cut_off(tmp_path, cut):
    with Spool(tmp_path / "s", ASKED) as spool:
        for number in (1, 2, 3):
            spool.put(number, rows(str(number)))
    data, index = (tmp_path / "s" / name for name in ("rows", "units.jsonl"))
    data.write_bytes(data.read_bytes()[:-cut])
    with Spool(tmp_path / "s", ASKED) as spool:
        assert [*spool.units] == [1, 2]
        spool.put(3, rows("again"))
        assert [frame["id"][0] for _, frame in spool.frames()] == ["1", "2", "again"]
    index.write_text(index.read_text()[:-cut])
    with Spool(tmp_path / "s", ASKED) as spool:
        assert {1, 2} >= {*spool.units} or [*spool.units] == [1, 2, 3][: len(spool.units)]


def test_a_flipped_byte_is_found(tmp_path):
    with Spool(tmp_path / "s", ASKED) as spool:
        spool.put(1, rows("a"))
        second = spool.put(2, rows("b"))
    data = bytearray((tmp_path / "s" / "rows").read_bytes())
    data[second.start + 50] ^= 1
    (tmp_path / "s" / "rows").write_bytes(data)
    with Spool(tmp_path / "s", ASKED) as spool:
        assert [*spool.units] == [1]


@pytest.mark.parametrize("line", ["", "{", "[]", "null", json.dumps({"number": 1})])
def test_a_line_that_is_none_is_left_out(tmp_path, line):
    with Spool(tmp_path / "s", ASKED) as spool:
        spool.put(1, rows("a"))
    with (tmp_path / "s" / "units.jsonl").open("a") as index:
        index.write(line + "\n")
    with Spool(tmp_path / "s", ASKED) as spool:
        assert [*spool.units] == [1]


def test_it_takes_nothing_once_it_is_closed(tmp_path):
    """A thread that is late must not write into whatever file has the number now."""
    spool = Spool(tmp_path / "s", ASKED)
    spool.close()
    spool.close()
    with pytest.raises(ValueError, match="closed"):
        spool.put(1, rows("a"))


def test_forgotten_units_stay_forgotten(tmp_path):
    with Spool(tmp_path / "s", ASKED) as spool:
        spool.put(1, rows("a"))
        spool.put(2, rows("b"))
        before = spool.stamp
        spool.forget([1])
        assert spool.stamp != before
    with Spool(tmp_path / "s", ASKED) as spool:
        assert [*spool.units] == [2]
        spool.drop()
    assert not (tmp_path / "s").exists()
