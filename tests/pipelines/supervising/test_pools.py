"""Which runs Dagster lets begin: one of a feed, and one into a platform, at a time."""

import dagster as dg
import pytest
from dagster._core.instance.config import PoolGranularity
from dagster._core.op_concurrency_limits_counter import GlobalOpConcurrencyLimitsCounter
from dagster._core.storage.dagster_run import DagsterRunStatus

from pipelines.assets import load_assets
from pipelines.feeds import LoadFeed, find_feed
from pipelines.materializing import open_instance
from pipelines.supervising.pools import job_tags


def job_of(name: str, feed: LoadFeed) -> dg.JobDefinition:
    job = dg.define_asset_job(name, tags=job_tags(name, feed.timeout_minutes))
    definitions = dg.Definitions(
        assets=load_assets(name, feed), jobs=[job], resources={"reporter": 1}
    )
    return definitions.resolve_job_def(name)


@pytest.fixture
def make_job(write_feed, brand):
    """Return what makes the job of a feed that leads to a host."""

    def make(name: str, profile: str) -> dg.JobDefinition:
        brand(profile, BASE_URL=f"https://{profile}.example/v4", API_KEY="k")
        said = ("  source:", f"  profile: {profile}\n  timeout_minutes: 90\n  source:")
        return job_of(
            name,
            find_feed(
                str(
                    write_feed(
                        name, said, ("  after: [members_csv, members_xml, members_json]\n", "")
                    )
                )
            )[1],
        )

    return make


@pytest.mark.usefixtures("run")
def test_a_run_waits_for_its_feed_and_for_its_platform(make_job) -> None:
    mine, same_host, elsewhere = make_job("a", "x"), make_job("b", "x"), make_job("c", "y")
    assert mine.run_tags == {"loyalty-etl/feed": "a", "dagster/max_runtime": "6300"}
    with open_instance() as instance:
        pools = instance.get_concurrency_config().pool_config
        assert (pools.pool_granularity, pools.default_pool_limit) == (PoolGranularity.RUN, 1)
        under_way = instance.create_run_for_job(mine, status=DagsterRunStatus.STARTED)
        assert under_way.run_op_concurrency.all_pools == {"feed/a", "api/x.example"}
        queued = {
            job.name: instance.create_run_for_job(job, status=DagsterRunStatus.NOT_STARTED)
            for job in (mine, same_host, elsewhere)
        }
        counter = GlobalOpConcurrencyLimitsCounter(
            instance,
            [*queued.values()],
            instance.get_run_records(dg.RunsFilter(run_ids=[under_way.run_id])),
            {"feed/a", "feed/b", "feed/c", "api/x.example", "api/y.example"},
            instance.event_log_storage.get_pool_limits(),
            pool_granularity=pools.pool_granularity,
        )
        blocked = {name: counter.is_blocked(run) for name, run in queued.items()}
    assert blocked == {"a": True, "b": True, "c": False}
