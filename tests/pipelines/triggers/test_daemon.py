"""The sensor of an inbox in Dagster's own hands: a real daemon, code location and run worker."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

MODULE = ["-m", "pipelines.definitions"]


@pytest.mark.slow
def test_the_daemon_loads_what_comes(checkout, api, tmp_path, state) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    attributes = {
        "source": {"path": str(folder / "m.csv")},
        "inbox": {"folder": str(folder), "stable_seconds": 0},
        "target": {"endpoint": "POST /import"},
        "mapping": {"externalId": "no", "mobilePhone": "phone"},
    }
    defs = checkout.checkout / "pipelines" / "defs"
    for each in defs.glob("*/defs.yaml"):
        shutil.rmtree(each.parent)
    (defs / "members").mkdir()
    words = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    (defs / "members" / "defs.yaml").write_text(yaml.safe_dump(words))
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(checkout.checkout / "dagster.yaml", home)
    env = checkout.environment(DAGSTER_HOME=str(home), LOYALTY_ETL_STATE=str(state))

    def dagster(module: str, *more: str) -> list[str]:
        return [sys.executable, "-m", module, *more, *MODULE]

    on = dagster("dagster", "sensor", "start", "members_inbox")
    subprocess.run(on, cwd=checkout.checkout, env=env, check=True, capture_output=True)
    log = tmp_path / "daemon.log"
    with log.open("wb") as out:
        daemon = subprocess.Popen(
            dagster("dagster._daemon", "run"),
            cwd=checkout.checkout,
            env=env,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        write(folder / "a.csv", "1,+4790000001")
        until = time.monotonic() + 240
        while not [*folder.glob("archive/a.*.csv")]:
            assert daemon.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < until, log.read_text()[-3000:]
            time.sleep(0.5)
    finally:
        os.killpg(daemon.pid, signal.SIGINT)
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()
    assert api.facts()["customers"] == 1
    assert api.facts()["seen"]["POST /import"] == 1


def write(path: Path, row: str) -> None:
    """Write a file under another name, then give it its own."""
    part = path.with_name(f".{path.name}")
    part.write_text(f"no,phone\n{row}\n")
    part.rename(path)
