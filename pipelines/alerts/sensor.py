"""Dagster asks each minute whether there is anything to tell."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.alerts.memory import Busy
from pipelines.alerts.telling import tell
from pipelines.settings import alert_addresses

__all__ = ["build_alerts"]


def build_alerts() -> dg.Definitions:
    """Give the sensor. It is on from the start, and does nothing until somebody is to be told."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells what is new and what is over, by the ways of LOYALTY_ETL_ALERTS.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not alert_addresses():
            return dg.SkipReason("LOYALTY_ETL_ALERTS is not set: nobody is to be told")
        try:
            _, told = tell(datetime.now(UTC), wait=5)
        except Busy as busy:
            return dg.SkipReason(str(busy))
        for way in told:
            if way.why and not way.rests:
                context.log.warning("%s: %s", way.shown, way.why)
        new, over = sum(way.new for way in told), sum(way.over for way in told)
        return dg.SkipReason(f"{new:,} new and {over:,} over, to {len(told):,} ways")

    return dg.Definitions(sensors=[alerts])
