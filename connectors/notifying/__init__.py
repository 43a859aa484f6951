"""Telling people and other programs: a webhook, or whatever the library apprise knows how to reach.

An address holds secrets, so it is never shown: `Way.shown` says which kind and which host.
"""

from connectors.notifying.ways import BadAddress, Notice, NotSent, Way, open_way

__all__ = ["BadAddress", "NotSent", "Notice", "Way", "open_way"]
