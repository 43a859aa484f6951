"""What every block of a feed's YAML has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Words(BaseModel):
    """A block of YAML in which every word is known, and `yes` is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Name = Annotated[str, Field(min_length=1)]


def fault(message: str, name: str) -> PydanticCustomError:
    """Make an error that names the key at fault, below the one that is being judged."""
    return PydanticCustomError("fault", "{message}", {"message": message, "name": name})
