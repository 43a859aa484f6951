"""The words of a faults file, and which requests a rule hits."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import yaml

import sandbox
from sandbox.faults.plan import read_plan
from sandbox.faults.rules import KINDS

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"


def hits(api, many, *rules, **words):
    """Return the numbers of the requests that were not answered with 200."""
    api.put_faults(*rules, **words)
    return [n for n in range(1, many + 1) if api.get("stores").status_code != 200]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, range(1, 11)),
        ({"every": 3}, [3, 6, 9]),
        ({"every": 3, "after": 2}, [5, 8]),
        ({"first": 2}, [1, 2]),
        ({"first": 2, "after": 3}, [4, 5]),
        ({"requests": [3, 7]}, [3, 7]),
        ({"requests": [3, 7], "after": 3}, [7]),
        ({"after": 8}, [9, 10]),
        ({"until": 2}, [1, 2]),
        ({"after": 2, "until": 4}, [3, 4]),
        ({"every": 4, "burst": 2}, [4, 5, 8, 9]),
        ({"requests": [9], "burst": 5, "until": 10}, [9, 10]),
        ({"share": 1}, range(1, 11)),
        ({"path": "/stores"}, range(1, 11)),
        ({"path": "/st*"}, range(1, 11)),
        ({"path": "/consents"}, []),
        ({"method": "POST"}, []),
    ],
)
def test_a_rule_hits_these_requests(shared_api, words, expected):
    assert hits(shared_api, 10, {"fault": "forbidden", **words}) == list(expected)
    assert shared_api.fired() == [len(expected)]


def test_the_same_seed_draws_the_same_requests(shared_api):
    rule = {"fault": "forbidden", "share": 0.2}
    first = hits(shared_api, 200, rule, seed=1)
    assert 20 < len(first) < 60
    assert hits(shared_api, 200, rule, seed=1) == first
    assert hits(shared_api, 200, rule, seed=2) != first
    late = hits(shared_api, 200, rule | {"after": 100}, seed=1)
    assert late == [number for number in first if number > 100]


def test_a_rule_does_not_disturb_another(shared_api):
    half, tenth = ({"fault": "forbidden", "share": share} for share in (0.5, 0.1))
    hits(shared_api, 100, half, seed=3)
    alone = shared_api.fired()[0]
    hits(shared_api, 100, half, tenth, seed=3)
    assert shared_api.fired()[0] == alone
    [told, other] = shared_api.faults()["rules"]
    assert told == half | {"seen": 100, "fired": alone}
    assert other["seen"] == 100


def test_as_many_are_hit_when_all_come_at_once(shared_api):
    rule = {"fault": "forbidden", "share": 0.3}
    expected = len(hits(shared_api, 100, rule))
    shared_api.put_faults(rule)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shared_api.get("stores").status_code, range(100)))
    assert answers.count(403) == expected


def test_what_has_no_key_or_no_path_is_not_counted(shared_api):
    shared_api.put_faults({"fault": "error_500"})
    assert httpx.get(f"{shared_api.running.base_url}/stores").status_code == 401
    assert shared_api.get("nothing").status_code == 404
    assert shared_api.faults()["rules"][0]["seen"] == 0
    shared_api.put_faults()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "must be a mapping of seed, repeats, rules"),
        ({"rule": []}, "rule: no such word; words are seed, repeats, rules"),
        ({"rules": [{}]}, "rules[0].fault: required; faults are busy, cut, drop_after"),
        ({"rules": ["busy"]}, "rules[0].fault: required; faults are busy, cut"),
        ({"rules": [{"fault": "bussy"}]}, "rules[0].fault: no such fault; faults are busy, cut"),
        ({"rules": [{"fault": []}]}, "rules[0].fault: no such fault; faults are busy, cut"),
        (
            {"rules": [{"fault": "forbidden", "shar": 1}]},
            "rules[0].shar: no such word; words are fault, method, path, share, every, first, req",
        ),
        (
            {"rules": [{"fault": "gateway", "stored": "some"}]},
            "rules[0].stored: input should be 'none', 'all' or 'half'",
        ),
        ({"rules": [{"fault": "hang"}]}, "rules[0].seconds: field required"),
        ({"rules": [{"fault": "cut", "stored": "none"}]}, "rules[0].stored: input should be"),
        ({"rules": [{"fault": "poison"}]}, "rules[0]: give ids or one_in"),
        ({"rules": [{"fault": "too_large"}]}, "rules[0]: give records or bytes"),
        ({"rules": [{"fault": "busy", "share": 2}]}, "rules[0].share: input should be less than"),
        ({"rules": [{"fault": "busy", "share": "all"}]}, "rules[0].share: input should be"),
        ({"rules": [{"fault": "busy", "every": 0}]}, "rules[0].every: input should be greater"),
        ({"rules": [{"fault": "busy", "path": "stores"}]}, "rules[0].path: string should match"),
        (
            {"rules": [{"fault": "busy", "every": 2, "share": 0.5}]},
            "rules[0]: give one of share, every, first, requests, or none of them",
        ),
        ({"repeats": "refuse"}, "repeats: input should be 'accept', 'ignore' or 'conflict'"),
        ({"seed": "x"}, "seed: input should be a valid integer"),
    ],
)
def test_a_wrong_word_is_one_clear_line(shared_api, tmp_path, given, said):
    for name, write in (("faults.json", json.dumps), ("faults.yaml", yaml.safe_dump)):
        file = tmp_path / name
        file.write_text(write(given))
        with pytest.raises(sandbox.FaultsError) as refused:
            read_plan(file)
        assert str(refused.value).startswith(f"{file}: {said}")
        assert "\n" not in str(refused.value)
    shared_api.put_faults({"fault": "busy", "path": "/none"})
    answer = httpx.put(shared_api.running.faults_url, json=given)
    assert answer.status_code == 400
    assert answer.json()["detailedErrorMessage"].startswith(said)
    assert [rule["fault"] for rule in shared_api.faults()["rules"]] == ["busy"]  # as before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "rules: [", "is not YAML, line "),
        ("a.yaml", "seed: 1\nseed: 2\n", "is not YAML, line 1: a word stands twice"),
        ("a.json", "{", "is not JSON: "),
        ("a.json", '{"seed": 1, "seed": 2}', "a word stands twice"),
        ("a.yaml", b"\xff", "is not UTF-8"),
        ("a.yaml", "", "must be a mapping"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path, name, text, said):
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(sandbox.FaultsError, match=re.escape(f"{file}: {said}")):
        read_plan(file)


def test_a_wrong_file_stops_the_start_before_anything_is_made(tmp_path):
    data, faults = tmp_path / "data", tmp_path / "faults.yaml"
    faults.write_text("rules: [{fault: bussy}]")
    with (
        pytest.raises(sandbox.FaultsError, match="no such fault"),
        sandbox.running(data, faults=faults),
    ):
        pass
    assert not data.exists()


def test_a_file_holds_from_the_start(start, tmp_path):
    faults = tmp_path / "faults.yaml"
    faults.write_text("rules: [{fault: forbidden, after: 1}]")
    with start(faults=faults) as api:
        assert [api.get("stores").status_code for _ in range(2)] == [200, 403]


def test_the_command_takes_a_file_and_refuses_a_wrong_one(cli, tmp_path):
    faults = tmp_path / "faults.yaml"
    faults.write_text("rules: [{fault: hang}]")
    ran = cli("sandbox", "--port", 0, "--data", tmp_path / "data", "--faults", faults)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"loyalty-etl: {faults}: rules[0].seconds: field required\n"
    assert cli("sandbox", "--faults", tmp_path / "none.yaml").code == 1


def test_every_kind_and_every_word_is_in_the_documentation(doc_rule):
    text = DOCS.read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text.split("## A faults file")[1], re.DOTALL)
    assert len(blocks) == len(KINDS) + 1
    for block in blocks:
        assert read_plan(yaml.safe_load(block)).rules
    for kind, (model, _) in KINDS.items():
        doc_rule(kind)
        for word in model.model_fields:
            assert f"`{word}" in text or f"{word}: " in text, (kind, word)
