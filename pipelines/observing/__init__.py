"""What a monitor is told of runs: events as they happen, and how things stand.

`tell` is called where something happens and costs nothing while nobody listens. Who listens is
set in the environment: a log of JSON lines, counts for Prometheus, traces for OpenTelemetry. None
of them is told a person's data: counts, names of feeds, statuses, times.
"""

from pipelines.observing.telling import Event, flush, tell

__all__ = ["Event", "flush", "tell"]
