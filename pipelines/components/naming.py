"""A feed is named by its folder."""

from pathlib import Path

import dagster as dg


def feed_name(context: dg.ComponentLoadContext) -> str:
    """Give the name of the folder that holds the feed's defs.yaml."""
    path = context.path
    return path.parent.name if path.is_file() else path.name


def feed_file(context: dg.ComponentLoadContext) -> Path:
    """Give the feed's YAML file."""
    path = context.path
    return path if path.is_file() else path / "defs.yaml"
