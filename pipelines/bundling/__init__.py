"""`loyalty-etl support-bundle`: what happened, in shapes and numbers, for whoever helps."""

from pipelines.bundling.collecting import collect
from pipelines.bundling.proving import Leak, prove, write_bundle

__all__ = ["Leak", "collect", "prove", "write_bundle"]
