"""Alerts: what is the matter is told once, and once more when it is over.

facts        what is known of a feed, and what can be the matter with it
conditions   what is the matter, a pure function of what is known
ends         why a run did not end well
looking      what is known: runs, ledger, exports, late files
memory       what each way was told
telling      the difference, sent
wording      what an alert says
sensor       Dagster asks each minute
"""

from pipelines.alerts.telling import tell_after_run

__all__ = ["tell_after_run"]
