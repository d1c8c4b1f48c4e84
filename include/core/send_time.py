"""The send time of each person: an experiment of its own, whose control arm gets the mail at the campaign's usual time."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from include.core.yaml_file import StrictModel

USUAL_TIME, OWN_TIME = "usual_time", "own_time"
"""The variants of a campaign with a send time per person; the first is the control group."""
PER_PERSON = "per_person"


class SendTime(StrictModel):
    """Each person's best hour, and how large the control group is."""

    by: Literal["per_person"] = Field(
        default="per_person",
        description="`per_person`: the hour at which a person opened and clicked most.",
        examples=["per_person"],
    )
    control_percent: Annotated[int, Field(ge=5, le=50)] = Field(
        default=20,
        description="The random part of the audience, in percent, that gets the mail at the campaign's usual time.",
        examples=[20],
    )


def arms(send_time: Any) -> list[dict[str, Any]]:
    """The variants that a campaign with this send time has, as in a campaign file."""
    given = send_time.get("control_percent") if isinstance(send_time, dict) else None
    control = given if isinstance(given, int) and 5 <= given <= 50 else SendTime().control_percent
    return [{"id": USUAL_TIME, "weight": control}, {"id": OWN_TIME, "weight": 100 - control}]
