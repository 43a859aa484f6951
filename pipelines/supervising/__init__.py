"""Runs as Dagster keeps them: how many at once, which are dead, what a retried one goes on with.

`loyalty-etl run` runs feeds in its own process; here is what is needed beside it once a daemon
starts runs by itself.
"""
