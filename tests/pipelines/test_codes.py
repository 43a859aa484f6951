"""The catalogue of codes: whole, true, and told where somebody reads it."""

import errno
import importlib
import inspect
import json
import pkgutil
from typing import get_args

import pytest

from delivery.ledger import LedgerBusy
from delivery.replies import Verdict
from delivery.sending import EndKind
from delivery.verdicts import ASK
from pipelines import ROOT
from pipelines.closing import _CODES
from pipelines.codes import CLASSES, ERRORS, EXITS, OUTCOMES, REJECTS, code_of
from pipelines.suggesting import FIXES
from validators.codes import FaultCode

ROOMS = ("connectors", "validators", "transforms", "delivery", "sandbox", "pipelines")
CAUGHT = {
    # These never leave the room or the command that catches them and says it in its own words.
    "connectors.files.json_judge.LimitError",
    "connectors.files.json_shapes.MixedError",
    "connectors.files.nested.ShapeError",
    "connectors.files.workbook_cells.CellError",
    "connectors.notifying.ways.BadAddress",
    "connectors.notifying.ways.NotSent",
    "connectors.trigg.catalogue.UnknownEndpointError",
    "connectors.trigg.frames._Twice",
    "connectors.trigg.records.BadAnswer",
    "pipelines.alerts.memory.Busy",
    "pipelines.feeds.mapping_file.MappingFileError",
    "pipelines.guessing.records.GuessError",
    "pipelines.run_page.NoRun",
    "pipelines.steps.StepEnded",
    "pipelines.workbench.answering.AnswerError",
    "pipelines.workbench.jobs.JobFailedError",
    "pipelines.workbench.desk.LostError",
    "pipelines.workbench.drafts.NoRoomError",
    "pipelines.workbench.forms.FormError",
    # The sandbox answers with these.
    "sandbox.answers.Refusal",
    "sandbox.customer_store.TakenError",
    "sandbox.settings.FaultsError",
    "sandbox.strict_json.NotJsonError",
}


def exceptions() -> set[str]:
    found = set()
    for room in ROOMS:
        for module in pkgutil.walk_packages([str(ROOT / room)], f"{room}."):
            if ".functions." in module.name or ".__main__" in module.name:
                continue
            for _, kind in inspect.getmembers(
                importlib.import_module(module.name), inspect.isclass
            ):
                if issubclass(kind, Exception) and kind.__module__.partition(".")[0] in ROOMS:
                    found.add(f"{kind.__module__}.{kind.__qualname__}")
    return found


@pytest.mark.slow
def test_no_exception_of_ours_is_without_a_code() -> None:
    """One that is new is named in CLASSES, with a code in ERRORS; or here, if it is caught."""
    assert exceptions() == {*CLASSES} - {"builtins.OSError"} | CAUGHT


def test_every_class_has_a_code_that_is_told() -> None:
    for name, code in CLASSES.items():
        module, _, kind = name.rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), kind), Exception)
        assert code in ERRORS
    ends = {"disk-full", "no-permission", "no-such-file", "unexpected", "dagster-ended"}
    ends |= {"too-many-rejects", "not-as-declared", "given-up", "killed", *_CODES.values()}
    assert {*ERRORS} == {*CLASSES.values()} | ends
    assert {*_CODES} == {*get_args(EndKind)}


def test_every_reject_has_a_code_that_is_told() -> None:
    """`Rule.code` is typed as one of these, so mypy sees that there is no other."""
    assert {*REJECTS} == {*get_args(FaultCode)}
    assert {*FIXES} <= {*REJECTS}
    causes = {Verdict.UNCLEAR.value, Verdict.GATEWAY.value, "short", "refused", ASK, "killed"}
    assert causes <= {*OUTCOMES}


def test_a_code_says_what_to_do_in_one_line() -> None:
    for codes in (ERRORS, REJECTS, OUTCOMES):
        for name, code in codes.items():
            assert name == name.lower()
            assert 5 < len(code.cause) < 200, name
            assert 5 < len(code.fix) < 280, name
            assert "\n" not in code.cause + code.fix
            assert (code.cause + code.fix).count("`") % 2 == 0, name


def test_what_is_derived_has_the_code_of_its_parent() -> None:
    class Special(LedgerBusy):
        pass

    assert code_of(Special("held")) == "ledger-busy"
    assert code_of(OSError(errno.ENOSPC, "full")) == "disk-full"
    assert code_of(FileNotFoundError(errno.ENOENT, "none")) == "no-such-file"
    assert code_of(ConnectionResetError(errno.ECONNRESET, "reset")) == "system"
    assert code_of(ZeroDivisionError()) == "unexpected"


def test_the_code_stands_behind_the_line_and_in_the_summary(cli_here, state) -> None:
    ran = cli_here("run", "nobody")
    assert (ran.code, ran.err.rstrip()[-7:]) == (EXITS["configuration"], " [feed]")
    ran = cli_here("run", "members_csv", "--source", state, "--json", "--dry-run")
    assert ran.json()["error_code"] == "no-file"
    assert ran.err.rstrip().endswith("[no-file]")
    rejects = "sample_data/dirty/members.csv"
    ran = cli_here("run", "members_csv", "--source", ROOT / rejects, "--json", "--dry-run")
    assert ran.json()["error_code"] == "too-many-rejects"
    assert cli_here("explain", ran.json()["error_code"]).code == 0


def test_explain_tells_codes_as_they_are_printed(cli_here) -> None:
    ran = cli_here("explain", "[ledger-busy]")
    assert ran.code == 0
    assert ran.out.startswith("ledger-busy (an error, exit code 2)\n  cause  another run")
    assert "values.date" in cli_here("explain", "birthDate: not-a-date").out
    assert len(cli_here("explain").out.splitlines()) == len(ERRORS) + len(REJECTS) + len(OUTCOMES)
    lines = cli_here("explain", "gateway", "--json").out.splitlines()
    told = [json.loads(line) for line in lines]
    assert [each["exit_code"] for each in told] == [2, None]
    ran = cli_here("explain", "ledger-buzy")
    assert (ran.code, "did you mean ledger-busy?" in ran.err) == (1, True)
