"""Dagster's memory in this process only, for the tests that ask Dagster nothing afterwards."""

from functools import cached_property
from typing import Any, Self

import dagster as dg
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage
from dagster._core.storage.runs.in_memory import InMemoryRunStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData

SETTINGS = f"""
telemetry: {{enabled: false}}
nux: {{enabled: false}}
storage:
  custom: {{module: {__name__}, class: InMemory, config: {{}}}}
"""
"""A dagster.yaml that says so."""


class InMemory(DagsterStorage, ConfigurableClass):
    """What Dagster's ephemeral instance keeps its runs and events in; gone once it is closed."""

    inst_data = None
    event_storage_data = None
    run_storage_data = None
    schedule_storage_data = None

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Take no settings."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: dict[str, Any]
    ) -> Self:
        """Make one, as Dagster does for a dagster.yaml."""
        del inst_data, config_value
        return cls()

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Tell both parts whose they are."""
        super().register_instance(instance)
        self.run_storage.register_instance(instance)
        self.event_log_storage.register_instance(instance)

    @cached_property
    def run_storage(self) -> InMemoryRunStorage:
        """Give the runs."""
        return InMemoryRunStorage()

    @cached_property
    def event_log_storage(self) -> InMemoryEventLogStorage:
        """Give the events."""
        return InMemoryEventLogStorage()

    @property
    def schedule_storage(self) -> None:
        """Give no schedules: nobody looks for one."""
