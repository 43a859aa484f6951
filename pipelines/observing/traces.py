"""Traces for OpenTelemetry: a run is a trace, its steps and batches are spans.

The id of a trace is the run's id, so whoever has the one finds the other. Where to, with which
headers and how many of them, the variables of OpenTelemetry say (`OTEL_…`).
"""

import logging
import os
from uuid import UUID

import xxhash
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from pipelines.observing.telling import Event
from pipelines.settings import get_setting

__all__ = ["Traces"]

PATIENCE = 5_000  # milliseconds that the end of a step waits for a collector


class Traces:
    """Makes spans of events, and sends them in a thread."""

    def __init__(self) -> None:
        for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"):
            if told := get_setting(name):  # it may stand in .env
                os.environ.setdefault(name, told)
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a collector may be away
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "loyalty-etl"}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=5)))
        self._tracer = self._provider.get_tracer("loyalty-etl")

    def hear(self, event: Event) -> None:
        """Make a span of what has ended."""
        facts = event.facts
        if event.name == "step.ended":
            self._span(event, str(facts["step"]), float(facts["began"]), event.at)
        elif event.name == "batch" and "sent_at" in facts:
            began = float(facts["sent_at"])
            self._span(event, "batch", began, began + float(facts.get("seconds", 0.0)))

    def flush(self) -> None:
        """Send what is held; a collector that does not answer is not waited for long."""
        self._provider.force_flush(PATIENCE)

    def _span(self, event: Event, name: str, began: float, ended: float) -> None:
        context, is_step = Context(), name != "batch"
        self._ids.trace = _trace_of(event.run)
        self._ids.next_span = _span_of(event, name) if is_step else None
        if not is_step:  # its step has a known id, and comes later
            parent = SpanContext(
                self._ids.trace,
                _span_of(event, "deliver"),
                is_remote=True,
                trace_flags=self._flags(),
            )
            context = set_span_in_context(NonRecordingSpan(parent), context)
        span = self._tracer.start_span(
            f"{event.feed} {name}",
            context=context,
            kind=SpanKind.INTERNAL if is_step else SpanKind.CLIENT,
            start_time=round(began * 1e9),
            attributes={
                "loyalty_etl.run": event.run,
                "loyalty_etl.feed": event.feed,
                **{_named(key): fact for key, fact in event.facts.items() if key not in _LEFT},
            },
        )
        if event.facts.get("state") == "failed":
            span.set_status(Status(StatusCode.ERROR, str(event.facts.get("error", ""))))
        elif event.facts.get("outcome") in {"in_doubt", "again", "rejected"}:
            span.set_status(Status(StatusCode.ERROR))
        span.end(round(ended * 1e9))

    def _flags(self) -> TraceFlags:
        """Say whether the trace is one of those that are sent (`OTEL_TRACES_SAMPLER`)."""
        taken = self._provider.sampler.should_sample(None, self._ids.trace, "").decision
        return TraceFlags(
            TraceFlags.SAMPLED if taken is Decision.RECORD_AND_SAMPLE else TraceFlags.DEFAULT
        )


_LEFT = {"began", "sent_at", "started", "error", "step"}


def _named(key: str) -> str:
    return "http.response.status_code" if key == "status" else f"loyalty_etl.{key}"


class _Ids(RandomIdGenerator):
    trace = 1
    next_span: int | None = None

    def generate_trace_id(self) -> int:
        """Give that of the run."""
        return self.trace

    def generate_span_id(self) -> int:
        """Give the id that was set, once, else one of chance."""
        chosen, self.next_span = self.next_span, None
        return chosen or super().generate_span_id()


def _trace_of(run: str) -> int:
    try:
        return UUID(run).int
    except ValueError:
        return xxhash.xxh3_128_intdigest(run.encode()) or 1


def _span_of(event: Event, step: str) -> int:
    return xxhash.xxh3_64_intdigest(f"{event.run}/{event.feed}/{step}".encode()) or 1
