"""What goes into and comes out of the request coordinator."""

from enum import StrEnum
from uuid import uuid4

from pydantic import BaseModel, Field

from main_pc_code.models.priority import LONGEST


class Kind(StrEnum):
    """What the sender wants done."""

    SPEAK = "speak"
    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


class WorkRequest(BaseModel):
    """A request as it comes in."""

    id: str = Field(default_factory=lambda: uuid4().hex, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    kind: Kind
    text: str = Field(min_length=1, max_length=LONGEST)
    priority: int = Field(default=5, ge=0, le=9)


class AcceptedRequest(WorkRequest):
    """A request as it is kept."""

    score: float = Field(ge=0, le=1)
