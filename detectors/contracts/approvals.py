"""Who approved a configuration, as its record tells (configuration_approval.py says when that is enough)."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec


class Approvals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who approved a configuration, and what they signed beside it.

    `replaces`: what was in force (`digest_in_force`). `proposed_at`: the proposer's clock. `reason`: why, in the
    proposer's words. `signatures`: an approver's name -> the Ed25519 signature of `signed_bytes`, base64.
    """

    replaces: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    proposed_at: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    signatures: Annotated[dict[str, str], msgspec.Meta(max_length=64)] = {}

    def __post_init__(self) -> None:
        """One spelling of equal times. Failure prevented: MessagePack keeps no offset, and a digest read it."""
        msgspec.structs.force_setattr(self, "proposed_at", self.proposed_at.astimezone(UTC))

    @property
    def names(self) -> tuple[str, ...]:
        """Who signed, in the order of their names."""
        return tuple(sorted(self.signatures))
