"""The record of one answer about one number, in the one vocabulary that every provider is mapped to.

Allowed values are the enums below; `unknown` is a value and is never inferred from absence.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ringfence.numbers.phone import Phone


class Fact(StrEnum):
    """What can be wanted of a number. Each fact is bought, aged and merged by itself."""

    CARRIER = "carrier"
    PORTED = "ported"
    VALIDITY = "validity"
    REACHABILITY = "reachability"
    ROAMING = "roaming"
    LINE_TYPE = "line_type"


class Outcome(StrEnum):
    """What kind of answer a lookup became."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NO_DATA = "no_data"
    REJECTED_NUMBER = "rejected_number"
    NO_COVERAGE = "no_coverage"
    PENDING = "pending"
    FAILED = "failed"


class ErrorClass(StrEnum):
    """Why a lookup failed."""

    THROTTLED = "throttled"
    AUTH = "auth"
    QUOTA_EXHAUSTED = "quota_exhausted"
    NOT_ENABLED = "not_enabled"
    BAD_REQUEST = "bad_request"
    PROVIDER_ERROR = "provider_error"
    NETWORK_ERROR = "network_error"
    TIMEOUT = "timeout"
    CONTRACT = "contract"


class Validity(StrEnum):
    """Whether a subscriber exists behind the number."""

    VALID = "valid"
    LIKELY_VALID = "likely_valid"
    LIKELY_INVALID = "likely_invalid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """What a value rests on; network beats inferred beats numbering_plan when answers are merged."""

    NETWORK = "network"
    INFERRED = "inferred"
    NUMBERING_PLAN = "numbering_plan"
    NONE = "none"


class Reachability(StrEnum):
    """What the handset is now: absent passes by itself, undeliverable and blocked are refusals of the network."""

    REACHABLE = "reachable"
    ABSENT = "absent"
    UNDELIVERABLE = "undeliverable"
    BLOCKED = "blocked"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class Ported(StrEnum):
    """Whether the number left the network that it was first given to."""

    PORTED = "ported"
    LIKELY_PORTED = "likely_ported"
    NOT_PORTED = "not_ported"
    LIKELY_NOT_PORTED = "likely_not_ported"
    UNKNOWN = "unknown"


class Roaming(StrEnum):
    """Whether the handset is outside its home network now."""

    ROAMING = "roaming"
    NOT_ROAMING = "not_roaming"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class LineType(StrEnum):
    """What kind of line the number is."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    VIRTUAL = "virtual"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    PAGER = "pager"
    UAN = "uan"
    VOICEMAIL = "voicemail"
    UNKNOWN = "unknown"


class Billed(StrEnum):
    """Whether the number was charged for, as far as is known."""

    YES = "yes"
    NO = "no"
    REFUNDED = "refunded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A network: name, MCC+MNC (5 or 6 digits), ISO 3166-1 alpha-2 country. None is not known."""

    name: str | None = None
    mccmnc: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One answer about one number. Times are UTC; prices are nanos, None where the provider states none."""

    phone: Phone
    outcome: Outcome
    error_class: ErrorClass | None = None
    validity: Validity = Validity.UNKNOWN
    validity_basis: Basis = Basis.NONE
    reachability: Reachability = Reachability.UNKNOWN
    ported: Ported = Ported.UNKNOWN
    roaming: Roaming = Roaming.UNKNOWN
    line_type: LineType = LineType.UNKNOWN
    current_carrier: Carrier = field(default_factory=Carrier)
    original_carrier: Carrier = field(default_factory=Carrier)
    roaming_carrier: Carrier = field(default_factory=Carrier)
    billed: Billed = Billed.UNKNOWN
    price: int | None = None
    refund: int | None = None
    currency: str | None = None
    result_ref: str | None = None
    observed_at: datetime | None = None
    raw_status: str | None = None
    raw_error: str | None = None
    raw_permanent: str | None = None
    conflict: bool = False
    # Whose number it is, where that was asked for: personal, so that no text of a lookup shows it.
    caller_name: str | None = field(default=None, repr=False)
    # The price was learned later, from the provider's log.
    priced_late: bool = False
