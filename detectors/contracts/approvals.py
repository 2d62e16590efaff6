"""Who approved a configuration, as its record tells (configuration_approval.py says when that is enough)."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

# One line of characters that are shown. Failure prevented: a line feed in it puts a line of the proposer's own below
# the differences that the other person reads, and a table of their own into what `fxwatch rules show` prints as TOML.
ONE_LINE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]{1,500}$(?!\n)"


class Approvals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who approved a configuration, and what they signed beside it.

    `replaces`: what was in force (`digest_in_force`). `proposed_at`: the proposer's clock. `reason`: why, in the
    proposer's words, on one line. `signatures`: an approver's name -> the Ed25519 signature of `signed_bytes`, base64.
    """

    replaces: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    proposed_at: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=ONE_LINE)]
    signatures: Annotated[dict[str, str], msgspec.Meta(max_length=64)] = {}

    def __post_init__(self) -> None:
        """One spelling of equal times. Failure prevented: MessagePack keeps no offset, and a digest read it."""
        msgspec.structs.force_setattr(self, "proposed_at", self.proposed_at.astimezone(UTC))

    @property
    def names(self) -> tuple[str, ...]:
        """Who signed, in the order of their names."""
        return tuple(sorted(self.signatures))
