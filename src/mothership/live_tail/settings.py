"""How many may follow, and how much they are shown."""

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt


class LiveTailSettings(BaseModel, frozen=True, extra="forbid"):
    """Live tails: the console's, and those of `mothership tail`."""

    readers: PositiveInt = Field(
        default=256, description="Maximum number of open live tails of a worker; further ones are answered 503."
    )
    readers_per_caller: PositiveInt = Field(
        default=128,
        description="Maximum number of open live tails of one caller in a worker; further ones are answered 503.",
    )
    events_per_second: PositiveInt = Field(
        default=100,
        description="Most events a second that a live tail shows of each worker, after a burst of five times as many; "
        "a share of it where more than 25 are open. It says how many it left out.",
    )
    stall_seconds: PositiveFloat = Field(
        default=10.0, description="Longest a reader may take nothing of what is sent to it; then it is disconnected."
    )
