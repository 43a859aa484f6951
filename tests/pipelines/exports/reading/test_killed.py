"""An export that is killed is gone on with; benchmarks/exports.py does it to the command."""

import random
import subprocess
import sys
import time

import pytest

from pipelines import ROOT
from tests.pipelines.exports.paged import Reply, customer, read, serve_reports

CODE = """
import sys
from pathlib import Path
import pipelines
from tests.pipelines.exports.paged import run
class There:
    url = sys.argv[2]
run(There, Path(sys.argv[1]), sys.argv[3], care={"recheck": 0})
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_again_and_again_it_gives_the_same_rows(tmp_path, seed):
    dice = random.Random(seed)
    kills, in_flight = 4, 4

    def start(run_id):
        line = [sys.executable, "-c", CODE, str(tmp_path), reports.url, run_id]
        return subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE)

    with serve_reports() as reports:
        reports.rows = [customer(i) for i in range(1000)]
        reports.spoil = lambda _n, _t, page: (time.sleep(0.01), page)[1]
        for kill in range(kills):
            before = len(reports.asked)
            process, after = start(f"killed{kill}"), before + dice.randint(1, 30)
            while len(reports.asked) < after and process.poll() is None:
                time.sleep(0.001)
            time.sleep(dice.uniform(0, 0.03))
            process.kill()
            process.communicate()
        process = start("whole")
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()
        assert read(tmp_path)["id"].to_list() == [row["id"] for row in reports.rows]
        assert set(reports.times) == set(range(1, 101))
        assert len(reports.asked) <= 100 + kills * in_flight
        assert [path.name for path in tmp_path.glob("*/manifest.json")] == ["manifest.json"] * 2


def test_a_page_that_was_cut_off_by_the_network_is_the_only_one_asked_for(tmp_path):
    from connectors.trigg.errors import ApiError
    from tests.pipelines.exports.paged import run

    with serve_reports() as reports:
        reports.rows = [customer(i) for i in range(200)]
        reports.spoil = lambda n, _, page: Reply(body=b"{}" * 99, cut=9) if n > 12 else page
        with pytest.raises(ApiError):
            run(reports, tmp_path, care={"recheck": 0}, policy={"attempts": 1})
        reports.asked.clear()
        reports.spoil = lambda *told: told[2]
        made = run(reports, tmp_path, care={"recheck": 0})
    assert sorted(reports.asked) == [*range(13, 21)]
    assert made.proof.resumed == 12
