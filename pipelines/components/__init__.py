"""The Dagster components: what `type:` in a feed's YAML names."""

from pipelines.components.export_feed import ExportFeedComponent
from pipelines.components.load_feed import LoadFeedComponent

__all__ = ["ExportFeedComponent", "LoadFeedComponent"]
