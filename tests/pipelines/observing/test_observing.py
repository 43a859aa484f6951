"""What a monitor is told: log lines, metrics, traces; by real runs, and never of whom."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipelines.observing.metrics import tell_metrics
from pipelines.supervising.marks import running

POST = {"method": "POST", "path": "/transactions"}


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def metrics() -> dict[tuple, float]:
    """Read all metrics as Prometheus does."""
    return {
        (sample.name.removeprefix("loyalty_etl_"), *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(tell_metrics().decode())
        for sample in family.samples
    }


def test_a_load_is_told_line_by_line(shop, tmp_path, monkeypatch) -> None:
    log = tmp_path / "log.jsonl"
    monkeypatch.setenv("LOYALTY_ETL_LOG", str(log))
    shop.serve({**POST, "fault": "gateway", "stored": "none", "requests": [2]})
    summary = shop.run(shop.feed(), shop.write(range(30)))
    assert summary.exit_code == 0
    assert log.stat().st_mode & 0o777 == 0o600
    told = lines(log)
    assert {(each["run"], each["feed"]) for each in told} == {(summary.run_id, "till")}
    steps = [(each["event"], each["step"]) for each in told if "step" in each]
    names = ("step.begun", "step.ended")
    assert steps == [(name, step) for step in ("prepare", "deliver") for name in names]
    last = told[-1]
    assert (last["state"], last["accepted"], last["exit_code"]) == ("finished", 30, 0)
    batches = [each for each in told if each["event"] == "batch"]
    accepted = [each for each in batches if each["outcome"] == "accepted"]
    assert sum(each["records"] for each in accepted) == 30
    trouble = [each for each in batches if each["outcome"] != "accepted"]
    assert [(each["level"], each["status"]) for each in trouble][:1] == [("warning", 502)]
    assert "R17" not in log.read_text()


def test_a_log_that_cannot_be_written_breaks_nothing(shop, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LOYALTY_ETL_LOG", "/nowhere/at/all/log")
    shop.serve()
    assert shop.run(shop.feed(), shop.write(range(10))).exit_code == 0
    err = capsys.readouterr().err
    assert err.count("JsonLog cannot be kept: No such file or directory; the run goes on") == 1


def test_metrics_tell_runs_doubts_and_counts(shop, tmp_path, monkeypatch, state) -> None:
    file = tmp_path / "etl.prom"
    monkeypatch.setenv("LOYALTY_ETL_METRICS", str(file))
    platform = shop.serve({**POST, "fault": "drop_after", "requests": [2], "stored": "all"})
    feed = shop.feed(delivery={"in_doubt": "hold"})
    first = shop.run(feed, shop.write(range(30)))
    assert (first.exit_code, first.in_doubt_records) == (5, 10)
    told = metrics()
    assert told["last_run_exit_code", "load", "till"] == 5
    assert told["last_success_timestamp_seconds", "load", "till"] == 0
    assert told["last_run_records", "accepted", "till"] == 20
    assert told["in_doubt_records", "till"] == 10
    assert told["unfinished_loads", "till"] == 1
    assert told["running", "till"] == 0
    with running(first.run_id, "till"):
        assert metrics()["running", "till"] == 1
    platform.fail()
    assert shop.run(shop.feed(delivery={"in_doubt": "ask"}), shop.write(range(30))).exit_code == 0
    told = metrics()
    assert told["last_run_exit_code", "load", "till"] == 0
    assert told["in_doubt_records", "till"] == 0
    assert told["last_success_timestamp_seconds", "load", "till"] > 0
    assert told["requests_total", "2xx", "till"] >= 2
    assert told["request_seconds_count", "till"] >= 2
    assert told["sent_records_total", "accepted", "till"] == 30
    assert told["runs_total", "finished", "load", "till"] >= 1
    assert b"loyalty_etl_last_run_exit_code" in file.read_bytes()  # written by the run itself
    assert (state / "metrics" / "totals.json").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def collector():
    """A collector of OpenTelemetry on a real socket; gives its URL and the requests it got."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    got: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


def test_a_run_is_a_trace_with_its_steps_and_batches(shop, collector, monkeypatch) -> None:
    url, got = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    shop.serve()
    summary = shop.run(shop.feed(), shop.write(range(30)))
    spans = {
        span.span_id: span
        for request in got
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    assert {span.trace_id for span in spans.values()} == {UUID(summary.run_id).bytes}
    by_name: dict[str, list] = {}
    for span in spans.values():
        assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
        by_name.setdefault(span.name, []).append(span)
    assert {name: len(found) for name, found in by_name.items()} == {
        "till prepare": 1, "till deliver": 1, "till batch": 3,
    }  # fmt: skip
    (deliver,) = by_name["till deliver"]
    assert {span.parent_span_id for span in by_name["till batch"]} == {deliver.span_id}
    facts = {each.key: each.value for each in by_name["till batch"][0].attributes}
    assert facts["http.response.status_code"].int_value // 100 == 2
    assert facts["loyalty_etl.records"].int_value == 10


def test_status_tells_a_monitor_how_each_feed_stands(shop, cli_here) -> None:
    shop.serve({**POST, "fault": "unauthorized", "after": 1})
    summary = shop.run(shop.feed(), shop.write(range(30)))
    told = cli_here("status", "--json").json()
    assert told["ok"] is False
    (feed,) = told["feeds"]
    assert (feed["feed"], feed["state"], feed["exit_code"]) == ("till", "failed", 1)
    assert (feed["running"], feed["dead"], feed["last_good"]) == (False, False, None)
    assert feed["error"] == summary.error
    assert (feed["accepted_records"], feed["resumable"]) == (10, True)


@pytest.mark.slow
def test_metrics_are_served_until_it_is_stopped(cli) -> None:
    import re
    import signal
    import subprocess

    line = cli.line("metrics", "--serve", 0)
    process = subprocess.Popen(line, cwd=cli.checkout, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = re.search(r"http://\S+/metrics", process.stdout.readline())
        assert url is not None
        answer = httpx.get(url[0], trust_env=False, timeout=60)
        assert "loyalty_etl_info" in answer.text
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, 130}
    finally:
        process.kill()
        process.communicate()


def test_the_option_of_the_command_writes_the_log(shop, cli_here, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LOYALTY_ETL_LOG", "")
    shop.serve()
    source = shop.write(range(10))
    log = tmp_path / "log.jsonl"
    assert cli_here("--log-json", log, "run", shop.feed(), "--source", source).code == 0
    assert lines(log)[-1]["accepted"] == 10
