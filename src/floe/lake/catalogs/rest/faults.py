"""What goes wrong with a catalog, each as one error that says whose fault it is and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floe.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from floe.lake.catalogs.rest.answers import Answer

_SKEW_SECONDS = 300
_NOT_OF_THIS_TIME = (401, 403, 419)


class PassingFaultError(Exception):
    """A request had no answer, or one that may be another the next time.

    Args:
        reason: What happened, in words that continue "the catalog".
        arrived: Whether the server may have carried the request out all the same.
        retry_after: Seconds for which the server asks to be left alone.
    """

    def __init__(self, reason: str, *, arrived: bool, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.arrived = arrived
        self.retry_after = retry_after


@dataclass(frozen=True)
class Faults:
    """The errors of one catalog.

    Args:
        profile: Name of the catalog profile.
        uri: Its address.
        warehouse: Its warehouse, empty for none.
        principal: Who connects, for messages; empty for nobody.
        mask: Puts stars in place of secrets.
    """

    profile: str
    uri: str
    warehouse: str
    principal: str
    mask: Callable[[str], str]

    def unreachable(self, why: str) -> LakeError:
        """It is down, busy for too long, or at another address."""
        reason = f"the catalog `{self.profile}` at `{self.uri}` {self.mask(why)}"
        return LakeError("FLOE-0530", reason, "check that it runs and that `uri` is its address; then run again")

    def certificate(self, why: str) -> LakeError:
        """TLS cannot be agreed on."""
        reason = f"the catalog `{self.profile}` at `{self.uri}` cannot be trusted: {self.mask(why)}"
        instruction = "name the authority that signed its certificate in `properties.ca_bundle`, or correct `uri`"
        return LakeError("FLOE-0540", reason, instruction)

    def wrong_secret(self, endpoint: str, why: str) -> LakeError:
        """The token endpoint does not know the client, or not this secret."""
        reason = f"`{endpoint}` gives {self._who} no token for the catalog `{self.profile}`: {self.mask(why)}"
        instruction = "check `client_id`, `scope` and the secret of `client_secret`; a secret may have been replaced"
        return LakeError("FLOE-0531", reason, instruction)

    def no_token(self, endpoint: str, why: str) -> LakeError:
        """What should give tokens gives something else."""
        reason = f"`{endpoint}` gives no token for the catalog `{self.profile}`: {self.mask(why)}"
        return LakeError("FLOE-0531", reason, "name the right one in `credentials.token_endpoint`")

    def missing_warehouse(self, why: str) -> LakeError:
        """The server has no such warehouse."""
        reason = f"the catalog `{self.profile}` at `{self.uri}` has no warehouse `{self.warehouse}`: {self.mask(why)}"
        return LakeError("FLOE-0534", reason, "create it with `floe platform bootstrap`, or correct `warehouse`")

    def not_a_catalog(self, why: str) -> LakeError:
        """Something answers that does not speak the specification."""
        reason = f"`{self.uri}` is not an Iceberg REST catalog: {self.mask(why)}"
        instruction = f"correct `uri` of the catalog `{self.profile}`: it is the address before `/v1/config`"
        return LakeError("FLOE-0535", reason, instruction)

    def refused(self, action: str, answer: Answer) -> LakeError:
        """A definite answer that is not a good one; nothing was changed by the request."""
        skew = answer.clock_skew_seconds
        if answer.status in _NOT_OF_THIS_TIME and abs(skew) > _SKEW_SECONDS:
            return self._clock(action, skew)
        why = self.mask(answer.message) or f"HTTP {answer.status}"
        if answer.status in (401, 419):
            reason = f"the catalog `{self.profile}` does not accept the credentials of {self._who}: {why}"
            instruction = "the token has expired or was revoked: replace the secret that holds it"
            if self.principal:
                instruction = "check the credentials of the catalog profile: they may have been replaced or revoked"
            return LakeError("FLOE-0532", reason, instruction)
        if answer.status == 403:
            reason = f"the catalog `{self.profile}` does not let {self._who} {action}: {why}"
            return LakeError("FLOE-0533", reason, "grant it that right in the catalog, or use another principal")
        reason = f"the catalog `{self.profile}` refused to {action}: {why} (HTTP {answer.status})"
        return LakeError("FLOE-0538", reason)

    def _clock(self, action: str, skew: float) -> LakeError:
        where = "ahead of" if skew > 0 else "behind"
        reason = f"the catalog `{self.profile}` refused to {action}: the clock here is {abs(skew):.0f} s {where} its"
        return LakeError("FLOE-0536", reason, "set the clock (NTP): tokens and signatures hold for a short time only")

    @property
    def _who(self) -> str:
        return f"`{self.principal}`" if self.principal else "this client"
