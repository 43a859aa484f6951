"""Every command of the documents is typed, in the order of its page, or shown elsewhere."""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import sandbox
from pipelines import ROOT
from tests.conftest import KEY, Command
from tests.docs.commands import PAGES, typed_on
from tests.docs.test_running import MEMBERS
from tests.pipelines.alerts.conftest import Hook, hook

__all__ = ["hook"]

HOOKS = "LOYALTY_ETL_ALERTS=https://hooks.example.com/etl mailtos://etl:password@mail.example.com?to=night@example.com"
OWN = {
    "README": "tests/docs/test_docs.py",
    "quickstart": "tests/docs/test_running.py",
}
"""Pages that a test of their own follows."""
HERE = "tests/docs/test_every_command.py"  # below
OF_ROOT = "tests/docs/test_deploying.py"
RUNBOOK = "tests/pipelines/test_runbook.py"
ELSEWHERE = {
    "deploy": {
        "useradd ": OF_ROOT,
        "git clone ": OF_ROOT,
        "cd /opt/loyalty-etl": OF_ROOT,
        "install ": OF_ROOT,
        "ln -s ": OF_ROOT,
        "cp deploy/systemd/": OF_ROOT,
        "systemctl ": OF_ROOT,
        "systemd-run ": OF_ROOT,
        "podman ": OF_ROOT,  # no engine for containers runs where the tests do
    },
    "migration": {"loyalty-etl sandbox ": HERE},
    "runbook": {"loyalty-etl resolve RUN": RUNBOOK, "sqlite3 ": "a command of its own package"},
    "sandbox": {"loyalty-etl sandbox ": HERE},
    "triggers": {"loyalty-etl inbox members": "tests/pipelines/triggers/test_inbox.py"},
    "workbench": {"loyalty-etl workbench": "tests/browser/test_workbench.py"},
}
"""By page: how a command begins that is not typed here, and where it is shown instead."""


@dataclass(frozen=True)
class Chapter:
    """What a page takes for granted.

    Attributes:
        before: commands that were typed before.
        codes: exit codes other than 0, by how the command begins.
        words: what stands for a word of the page; `RUN` is the last run.
        files: what lies in the checkout, by path.
        offers: the sandbox knows this programme.
    """

    before: tuple[str, ...] = ()
    codes: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    offers: str = ""


def gdpr() -> str:
    """Give the feed that the page of members has of deletions."""
    text = PAGES["members"].read_text(encoding="utf-8")
    [feed] = (x for x in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "gdpr.csv" in x)
    return feed


LOADS = ("run members_csv", "run receipts_csv")
CLUB = "sample_data/legacy/feeds"
CHAPTERS = {
    "alerts": Chapter(),
    "deploy": Chapter(),
    "endpoints": Chapter(),
    "errors": Chapter(),
    "exports": Chapter((*LOADS, "export transactions_report")),
    "guess": Chapter(files={"in/kunder.csv": MEMBERS}),
    "guide-analyst": Chapter((*LOADS, "export transactions_report", "export customers_report")),
    "guide-engineer": Chapter(),
    "guide-onboarding": Chapter(),
    "ids": Chapter(
        tuple(
            f"{each} {CLUB}/members_{of}" for of in ("web", "app") for each in ("run", "ids learn")
        ),
        {"loyalty-etl run": 4},
        {"club": f"{CLUB}/members_shop", "balances": f"{CLUB}/balances"},
        offers="sample_data/legacy/offers.yaml",
    ),
    "members": Chapter(
        ("run members_csv",),
        words={"12": "2", "members_crm": "members_csv"},
        files={
            "pipelines/defs/gdpr/defs.yaml": gdpr(),
            "gdpr.csv": "member_no\n141\n165\n",
        },
    ),
    "migration": Chapter(
        codes={"loyalty-etl migrate sample_data/legacy/old_club.yaml": 4},
        offers="sample_data/legacy/offers.yaml",
    ),
    "observability": Chapter(words={"/var/log/loyalty-etl.jsonl": "loyalty-etl.jsonl"}),
    "privacy": Chapter(LOADS),
    "run-report": Chapter(("run members_csv",), words={"5f21": "RUN"}),
    "runbook": Chapter((*LOADS, "export transactions_report")),
    "runs": Chapter(),
    "triggers": Chapter(),
}


def is_elsewhere(page: str, line: str) -> bool:
    return any(line.startswith(begin) for begin in ELSEWHERE.get(page, {}))


def test_none_is_left_out() -> None:
    pages = {page for page in PAGES if typed_on(page)}
    alone = {page for page in ELSEWHERE if all(is_elsewhere(page, x) for x in typed_on(page))}
    assert pages == {*OWN} | {*CHAPTERS} | alone
    for page, begins in ELSEWHERE.items():
        for begin, shown in begins.items():
            assert any(line.startswith(begin) for line in typed_on(page)), (page, begin)
            assert not shown.startswith("tests/") or (ROOT / shown).exists(), shown


class Shell:
    """Types lines into a second checkout."""

    def __init__(self, checkout: Command, words: dict[str, str]) -> None:
        self._checkout, self._words, self._env = checkout, words, {"BROWSER": "true"}

    def type(self, line: str) -> tuple[int, str]:
        """Run a line; give its exit code and what it said."""
        words = [self._words.get(word, word) for word in shlex.split(line)]
        if words[0] == "export":
            self._env |= dict(word.split("=", 1) for word in words[1:])
            return 0, ""
        env = dict(self._env)
        while "=" in words[0]:
            name, _, env[name] = words.pop(0).partition("=")
        if words[0] == "loyalty-etl":
            words = [self._last_run() if word == "RUN" else word for word in words[1:]]
            ran = self._checkout(*words, **env)
            return ran.code, ran.out + ran.err
        folder = self._checkout.checkout
        done = subprocess.run(
            [Path(sys.executable).with_name(words[0]), *words[1:]],
            cwd=folder,
            env=self._checkout.environment(**env, DAGSTER_HOME=str(folder)),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def _last_run(self) -> str:
        newest = self._checkout("runs", "list", "--json").out.partition("\n")[0]
        return str(json.loads(newest)["run_id"])


SANDBOXES = {line for page in PAGES for line in typed_on(page) if "loyalty-etl sandbox" in line}


@pytest.mark.parametrize("line", sorted(SANDBOXES))
def test_the_sandboxes_of_the_pages_start(line: str, checkout: Command) -> None:
    folder = checkout.checkout
    (folder / "faults.yaml").write_text("rules: []\n", encoding="utf-8")
    (folder / "offers.yaml").symlink_to(ROOT / "sample_data/legacy/offers.yaml")
    words = [word for word in shlex.split(line)[1:] if word not in {"--port", "8085"}]
    with subprocess.Popen(
        checkout.line(*words, "--port", 0),
        cwd=folder,
        env=checkout.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = "".join(process.stdout.readline() for _ in range(3))
        process.terminate()
        assert process.wait(20) == 0
    assert "http://127.0.0.1:" in told


@pytest.mark.slow
@pytest.mark.parametrize("page", CHAPTERS)
def test_the_commands_of_a_page_run(
    page: str, checkout: Command, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter = CHAPTERS[page]
    for name, text in chapter.files.items():
        file = checkout.checkout / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    offers = ROOT / chapter.offers if chapter.offers else None
    shell = Shell(checkout, chapter.words | {HOOKS: f"LOYALTY_ETL_ALERTS={hook.url}"})
    with sandbox.running(tmp_path / "sandbox", api_key=KEY, offers=offers) as running:
        monkeypatch.setenv("TRIGG_BASE_URL", running.base_url)
        for line in chapter.before:
            assert shell.type(f"loyalty-etl {line}")[0] in {0, 4}, line
        for line in typed_on(page):
            if not is_elsewhere(page, line):
                code, said = shell.type(line)
                if line.startswith("loyalty-etl doctor"):  # a second checkout borrows its rooms
                    code -= re.findall(r"^fail +(\w+)", said, re.MULTILINE) == ["versions"]
                wanted = max((c for x, c in chapter.codes.items() if line.startswith(x)), default=0)
                assert code == wanted, f"{line}\n{said}"
