"""What deploy/ holds is right as far as this machine can tell."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipelines import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units, with this checkout for /opt/loyalty-etl, so that what they run is there."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("dagster", "dagster-daemon", "dagster-webserver", "loyalty-etl"):
        (programs / name).touch(mode=0o755)
    for unit in UNITS:
        text = unit.read_text().replace("/opt/loyalty-etl/.venv/bin", str(programs))
        text = text.replace("/opt/loyalty-etl", str(ROOT)).replace("User=loyalty-etl", "User=root")
        (tmp_path / unit.name).write_text(text.replace("Group=loyalty-etl", "Group=root"))
    return [tmp_path / unit.name for unit in UNITS]


@needs_systemd
def test_systemd_takes_the_units(units: list[Path]) -> None:
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", *map(str, units)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "loyalty-etl" in line]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
def test_the_units_give_away_little(units: list[Path]) -> None:
    """2.0 and below is what systemd calls OK at its best; a unit without any of it has 9.6."""
    for unit in units:
        if unit.suffix == ".service":
            done = subprocess.run(
                [str(ANALYZE), "security", "--offline=true", "--threshold=20", str(unit)],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout[-400:]


def test_the_units_run_what_there_is() -> None:
    text = "".join(unit.read_text() for unit in SERVICES)
    scripts = {
        re.split(r"\s", line)[0] for line in re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    }
    names = {Path(script).name for script in scripts}
    assert names == {"dagster", "dagster-daemon", "dagster-webserver", "loyalty-etl"}
    ends = (unit.read_text().partition("\nUser=")[2] for unit in SERVICES)
    hardened = {end.partition("\n[Install]")[0].strip() for end in ends}
    assert len(hardened) == 1  # all of them alike


def test_the_ports_are_the_same_everywhere() -> None:
    workspace = yaml.safe_load((DEPLOY / "workspace.yaml").read_text())
    port = workspace["load_from"][0]["grpc_server"]["port"]
    assert f"--port {port}" in (DEPLOY / "systemd" / "loyalty-etl-code.service").read_text()
    assert f'"{port}"' in (DEPLOY / "compose.yaml").read_text()
    assert f"127.0.0.1:{port}" in (ROOT / "docs" / "deploy.md").read_text()


def test_the_container_file_is_sound() -> None:
    """What linters of such files ask for: pinned bases, no root, no secret, nothing fetched."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    words = [line.split(maxsplit=1) for line in lines]
    known = {"FROM", "WORKDIR", "ENV", "COPY", "RUN", "USER", "VOLUME", "STOPSIGNAL", "ENTRYPOINT"}
    assert {word for word, _ in words} <= known | {"CMD"}
    for image in (rest.split()[0] for word, rest in words if word == "FROM"):
        assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-\w+", image)
    users = [rest for word, rest in words if word == "USER"]
    assert users == ["loyalty-etl"]
    assert [word for word, _ in words].index("USER") < [word for word, _ in words].index("VOLUME")
    assert not re.search(r"curl|wget|ADD |sudo|API_KEY|latest", text)
    last = [rest for word, rest in words if word in {"ENTRYPOINT", "CMD"}]
    assert all(rest.startswith("[") for rest in last)
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / name).exists() for name in source.split())


def test_no_secret_and_no_state_gets_into_an_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", ".state", ".venv", ".git"} <= {*ignored}


def test_compose_gives_no_rights_away() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert {*compose["services"]} == {"code", "daemon", "web"}
    for service in compose["services"].values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")
