"""What a status or code of a provider says of a number, in the one vocabulary. The codes are each provider's own."""

from dataclasses import dataclass

from ringfence.providers.lookup import Basis, ErrorClass, Outcome, Reachability, Validity


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status, with its error, says in our vocabulary; by default: an answer that says nothing."""

    outcome: Outcome
    error_class: ErrorClass | None = None
    validity: Validity = Validity.UNKNOWN
    basis: Basis = Basis.NONE
    reachability: Reachability = Reachability.UNKNOWN
