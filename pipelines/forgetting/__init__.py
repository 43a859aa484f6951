"""`loyalty-etl forget`: find a person in what is kept, and erase it."""

from pipelines.forgetting.erasing import LOG, StillNeeded, forget
from pipelines.forgetting.looking import Found, Hit, Unfinished, find

__all__ = ["LOG", "Found", "Hit", "StillNeeded", "Unfinished", "find", "forget"]
