"""What holds for the project as a whole."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from connectors.trigg.account import name_settings
from pipelines.cli import cli as commands
from pipelines.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "pipelines",
    "connectors",
    "validators",
    "transforms",
    "delivery",
    "sandbox",
    "sample_data",
)
MODULES = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_wheel_holds_every_room() -> None:
    built = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(built) == sorted(ROOMS)


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_is_short_and_says_what_it_is_for(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    if text.strip():
        assert text.startswith('"""')


def test_every_dependency_is_bounded_and_pinned() -> None:
    pinned = {
        re.split(r"[=\s;\[]", line)[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    for needed in PROJECT["project"]["dependencies"]:
        assert "<" in needed
        assert re.split(r"[\[<>=]", needed)[0].lower() in pinned


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_pattern_has_a_possessive_group(file: Path) -> None:
    """Python before 3.11.5 matches the wrong things with them (gh-106052)."""
    assert not re.search(r"\)[*+?}]\+[^=+ ]", file.read_text(encoding="utf-8"))


def test_the_pins_name_no_index() -> None:
    assert not re.search(r"https?://|--(extra-)?index", (ROOT / "constraints.txt").read_text())


def test_every_setting_stands_in_the_example_without_a_key() -> None:
    text = (ROOT / ".env.example").read_text()
    named = re.findall(r"^(?:# )?([A-Z_]+)=", text, re.MULTILINE)
    brand = {name_settings(n, "brand_a") for n in SETTINGS if n.startswith("TRIGG_")}
    assert {*named} - brand == {*SETTINGS}
    assert "TRIGG_BRAND_A_API_KEY" in named
    assert not re.search(r"API_KEY=.", text)
    assert re.search(r"^TRIGG_API_KEY=$", text, re.MULTILINE)


def test_keys_and_state_are_never_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".env", ".state/", ".venv/"} <= {*ignored}


def test_every_command_has_help() -> None:
    assert {*commands.commands} == {
        "alerts", "check", "demo", "doctor", "endpoints", "explain", "export", "exports", "feeds",
        "forget", "functions", "guess", "ids", "inbox", "metrics", "migrate", "nightly", "plan",
        "preview",
        "report", "resolve", "results", "resume", "retry", "run",
        "runs", "sample-data", "sandbox", "status", "support-bundle", "undo", "validate",
        "workbench",
    }  # fmt: skip
    for command in commands.commands.values():
        assert command.help
        assert all(
            getattr(option, "help", "") for option in command.params if option.opts[0][0] == "-"
        )


def test_make_help_names_every_goal() -> None:
    goals = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert goals is not None
    told = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {*re.findall(r"^make (\S+)", told, re.MULTILINE)} == {*goals[1].split()} - {"help"}
