"""The old programme is the same each time, is what it says, and its plan can be read."""

from pathlib import Path

import pytest

from pipelines.migration.words import read_plan
from sample_data.legacy import make_programme, tell_facts
from sample_data.legacy_files import write_programme

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = ROOT / "sample_data" / "legacy"


def test_what_is_shipped_is_what_is_made(tmp_path: Path) -> None:
    write_programme(make_programme(200), tmp_path)
    files = sorted(path.relative_to(SHIPPED) for path in SHIPPED.rglob("*.*"))
    assert files == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*"))
    for file in files:
        made = (tmp_path / file).read_bytes()
        assert (
            made.replace(str(tmp_path).encode(), b"sample_data/legacy")
            == (SHIPPED / file).read_bytes()
        ), file


def test_the_plan_names_its_feeds() -> None:
    plan = read_plan(SHIPPED / "old_club.yaml")
    assert plan.steps[:5] == ["stores", "before", "members_shop", "members_web", "members_app"]
    assert plan.steps[5:] == [
        *("ids", "balances", "stamps", "vehicles", "payment_cards", "history", "reconcile"),
    ]
    assert [planned.name for planned in plan.learned] == plan.steps[2:5]


@pytest.mark.parametrize("seed", [1, 2])
def test_so_many_rows_are_at_fault_or_there_twice(seed: int) -> None:
    made = make_programme(5_000, seed)
    facts = tell_facts(made)
    assert 100 <= facts["members_rejected"] <= 200
    assert 70 <= facts["merged"] <= 130
    assert facts["members"] + facts["members_rejected"] == 5_000
    assert len({m.number for m in made.members}) == len(made.members)
    known = {m.number: m for m in made.members}
    for twice in filter(lambda m: m.same_as, made.members):
        other = known[twice.same_as]
        assert twice.phone == other.phone or (twice.email, twice.born) == (other.email, other.born)
        assert twice.updated < other.updated
