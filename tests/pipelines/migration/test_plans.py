"""The words of a plan: what is taken, and how each mistake is told."""

from pathlib import Path

import pytest

from pipelines.feeds import FeedError
from pipelines.migration.checkpoint import (
    Checkpoint,
    Done,
    read_checkpoint,
    steps_to_do,
    what_steps_are_made_of,
    write_checkpoint,
)
from pipelines.migration.words import read_plan
from pipelines.publishing import CannotWrite

GOOD = """\
description: A club
steps:
  - stores: warn
  - feed: members_csv
  - feed: members_xml
  - ids: [members_xml]
  - feed: receipts_csv
"""


@pytest.fixture
def write_plan(tmp_path: Path):
    def write(text: str, name: str = "club.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_plan_has_its_steps_and_those_that_every_plan_has(write_plan) -> None:
    plan = read_plan(write_plan(GOOD))
    assert plan.name == "club"
    assert plan.steps == [
        *("stores", "before", "members_csv", "members_xml", "ids", "receipts_csv", "reconcile"),
    ]
    assert [planned.name for planned in plan.learned] == ["members_xml"]
    assert [planned.name for planned in plan.members] == ["members_csv", "members_xml"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("stores: warn", "stores: yes", ":3: `steps.0.stores`: Input should be 'stop' or 'warn'"),
        ("stores:", "store:", ":3: `steps.0`: a step is one word: `stores: stop`, `feed: NAME`"),
        ("feed: members_csv", "feed: member_csv", "no feed is called member_csv"),
        ("feed: members_csv", "feed: ./no", ":4: `steps.1.feed`: there is no "),
        ("members_csv", "members_xml", ":5: `steps.2.feed`: a step of the name members_xml is"),
        ("receipts_csv", "customers_report", ":7: `steps.4.feed`: customers_report is an export"),
        ("[members_xml]", "[receipts_csv]", ":6: `ids`: receipts_csv is none of members_csv"),
        ("description:", "descripton:", ":1: unknown word `descripton`; did you mean descr"),
        ("  - stores: warn\n", "  - ids: all\n", "`ids` stands twice"),
        (
            "A club\n",
            "A club\nreconcile: {sample: 0}\n",
            ":2: `reconcile.sample`: must be all, or a number of members",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, said: str, write_plan) -> None:
    with pytest.raises(FeedError) as caught:
        read_plan(write_plan(GOOD.replace(old, new, 1)))
    assert said in str(caught.value)


def test_a_plan_needs_a_feed_and_members_before_their_ids(write_plan) -> None:
    with pytest.raises(FeedError, match="none of them is a feed"):
        read_plan(write_plan("steps:\n  - stores: stop\n"))
    with pytest.raises(FeedError, match=":2: `ids`: no feed of members comes before it"):
        read_plan(write_plan("steps:\n  - ids: all\n  - feed: members_csv\n"))
    with pytest.raises(FeedError, match="letters, digits and _"):
        read_plan(write_plan(GOOD, "our club.yaml"))


def test_steps_are_done_again_from_the_first_that_is_made_of_something_else(write_plan) -> None:
    plan = read_plan(write_plan(GOOD))
    made_of = what_steps_are_made_of(plan)
    done = {step: Done("run", "2026", made_of[step]) for step in plan.steps[:4]}
    checkpoint = write_checkpoint(
        plan, Checkpoint(str(plan.file), "http://127.0.0.1:9/v4", done=done)
    )
    assert read_checkpoint(plan) == checkpoint
    assert steps_to_do(plan, checkpoint, made_of) == ["ids", "receipts_csv", "reconcile"]
    assert steps_to_do(plan, checkpoint, made_of, "before") == plan.steps[1:]

    words = GOOD.replace("feed: members_xml", "feed: members_json").replace("[members_xml]", "all")
    other = read_plan(write_plan(words))
    now = what_steps_are_made_of(other)
    left = ["members_json", "ids", "receipts_csv", "reconcile"]
    assert steps_to_do(other, checkpoint, now) == left


def test_a_checkpoint_is_of_one_platform_and_one_plan(
    write_plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = read_plan(write_plan(GOOD))
    write_checkpoint(plan, read_checkpoint(plan))
    monkeypatch.setenv("TRIGG_BASE_URL", "http://127.0.0.1:10/v4")
    with pytest.raises(CannotWrite, match="for another platform copy the plan to another name"):
        read_checkpoint(plan)
    monkeypatch.setenv("TRIGG_BASE_URL", "http://127.0.0.1:9/v4")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "club.yaml").write_text(GOOD)
    with pytest.raises(CannotWrite, match="give one of the plans another name"):
        read_checkpoint(read_plan(elsewhere / "club.yaml"))
