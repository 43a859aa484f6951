"""Feeds: what pipelines/defs/<feed>/defs.yaml says, read without Dagster so that it is quick."""

from pipelines.feeds.customers import CustomerTarget
from pipelines.feeds.export import ExportFeed
from pipelines.feeds.imports import FormTarget, ImportTarget, MemberImport
from pipelines.feeds.reading import FeedError, feeds_dir, find_feed, list_feeds, read_feed
from pipelines.feeds.records import RecordTarget
from pipelines.feeds.targets import TransactionsTarget
from pipelines.feeds.words import LoadFeed

__all__ = [
    "CustomerTarget",
    "ExportFeed",
    "FeedError",
    "FormTarget",
    "ImportTarget",
    "LoadFeed",
    "MemberImport",
    "RecordTarget",
    "TransactionsTarget",
    "feeds_dir",
    "find_feed",
    "list_feeds",
    "read_feed",
]
