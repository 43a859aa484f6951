"""A copied folder is a new feed for every door, and Dagster tells a typo as the command does."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from pipelines.progress import Reporter
from pipelines.definitions import build_definitions
defs = build_definitions(Reporter())
keys = defs.resolve_asset_graph().get_all_asset_keys()
print(*sorted(key.to_user_string() for key in keys))
print(*sorted(job.name for job in defs.resolve_all_job_defs()))
"""


def in_checkout(checkout, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=checkout.checkout,
        env=checkout.environment(DAGSTER_HOME=None),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def copy_feed(checkout, old: str, new: str) -> Path:
    defs = checkout.checkout / "pipelines" / "defs"
    return Path(shutil.copytree(defs / old, defs / new)) / "defs.yaml"


def test_a_copied_folder_is_a_new_feed(checkout) -> None:
    copy_feed(checkout, "receipts_csv", "receipts_north")
    assert "receipts_north" in checkout("feeds").out


@pytest.mark.slow
def test_a_copied_folder_runs_and_dagster_finds_it(checkout) -> None:
    copy_feed(checkout, "receipts_csv", "receipts_north")
    assert checkout("run", "receipts_north", "--dry-run", "--json").json()["records"] == 89
    assets, jobs = in_checkout(checkout, "-c", CODE).stdout.splitlines()
    assert {"receipts_north/prepared", "receipts_north/delivered"} < {*assets.split()}
    assert "receipts_north" in jobs.split()


@pytest.mark.slow
def test_dagster_tells_a_typo_with_its_file_and_line(checkout) -> None:
    words = ("-m", "dagster", "definitions", "validate", "-m", "pipelines.definitions")
    good = in_checkout(checkout, *words)
    assert good.returncode == 0, good.stderr
    file = checkout.checkout / "pipelines" / "defs" / "receipts_csv" / "defs.yaml"
    file.write_text(file.read_text().replace("max_receipts", "max_receipt"))
    line = file.read_text().splitlines().index("    max_receipt: 400") + 1
    bad = in_checkout(checkout, *words)
    assert bad.returncode != 0
    said = f"FeedError: pipelines/defs/receipts_csv/defs.yaml:{line}: unknown word `max_receipt`"
    assert said in bad.stdout + bad.stderr
    assert "did you mean max_receipts?" in bad.stdout + bad.stderr
