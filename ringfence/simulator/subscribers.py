"""The truth about a subscriber: a pure function of seed and number, the same for every provider, order, time and fault.

No wire format and no price: a provider's file says in its own words what is stated here.
"""

import hashlib
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum, auto
from itertools import accumulate

import phonenumbers

from ringfence.simulator.networks import Network, abroad, another, network


class State(Enum):
    """What a network says when it is asked about the number."""

    REACHABLE = auto()  # attached: a message would reach the handset
    ABSENT = auto()  # a subscription whose handset is off or out of range
    UNASSIGNED = auto()  # the HLR does not know the number
    REFUSED = auto()  # a subscription that is barred, busy, full or not provisioned
    HANDED_OVER = auto()  # the operator accepted the question and said nothing of the handset
    SILENT = auto()  # the network did not answer in time
    UNALLOCATED = auto()  # no such number in the numbering plan
    UNCOVERED = auto()  # a network that the provider cannot ask; every landline
    BUSY = auto()  # the provider could not ask just then
    BLOCKED = auto()  # the provider may not ask about this number
    GARBLED = auto()  # the network answered with a failure of its own


class Line(Enum):
    """What kind of line the numbering plan gives the number to."""

    MOBILE = auto()
    LANDLINE = auto()
    TOLL_FREE = auto()
    PREMIUM = auto()
    VIRTUAL = auto()
    PAGER = auto()
    OTHER = auto()


_PER_MILLE = {
    State.REACHABLE: 780,
    State.ABSENT: 80,
    State.UNASSIGNED: 40,
    State.REFUSED: 25,
    State.HANDED_OVER: 10,
    State.SILENT: 20,
    State.UNALLOCATED: 15,
    State.UNCOVERED: 10,
    State.BUSY: 8,
    State.BLOCKED: 4,
    State.GARBLED: 8,
}
_STATES = tuple(_PER_MILLE)
_BOUNDS = tuple(accumulate(_PER_MILLE.values()))
_PORTED_PER_MILLE = 120
_ROAMING_PER_MILLE = 20
# A subscription is known to exist: only then can it have been ported.
_SUBSCRIBED = {State.REACHABLE, State.ABSENT, State.REFUSED, State.HANDED_OVER}
_MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
_LINES = {
    phonenumbers.PhoneNumberType.MOBILE: Line.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE: Line.LANDLINE,
    phonenumbers.PhoneNumberType.TOLL_FREE: Line.TOLL_FREE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE: Line.PREMIUM,
    phonenumbers.PhoneNumberType.VOIP: Line.VIRTUAL,
    phonenumbers.PhoneNumberType.PAGER: Line.PAGER,
}


@dataclass(frozen=True, slots=True)
class Subscriber:
    """What is true of a number; `digits` is without `+`.

    `original` is None when the numbering plan does not know the number's country or range; `roaming` is the visited
    network, None at home. The networks of a line that is no mobile say no more than its country. `dice` lets a provider
    choose among its own words for the same truth.
    """

    digits: str
    state: State
    line: Line
    original: Network | None
    current: Network | None
    roaming: Network | None
    imsi: str
    msc: str
    dice: int

    @property
    def ported(self) -> bool:
        """Whether the number left the network that it was first given to."""
        return self.current != self.original


class Subscribers:
    """All the subscribers of one seed."""

    def __init__(self, seed: int) -> None:
        self._key = str(seed).encode()[:64]

    def find(self, digits: str) -> Subscriber:
        """State the truth about a number; anything that is not a number of a numbering plan is unallocated."""
        dice = [self._draw(digits, purpose) for purpose in (b"state", b"network", b"ported", b"identity")]
        number = _parsed(digits)
        region = number and phonenumbers.region_code_for_number(number)
        if not number or not region or region == "001":
            return Subscriber(digits, State.UNALLOCATED, Line.OTHER, None, None, None, "", "", dice[0])
        kind = phonenumbers.number_type(number)
        state = _state(kind, dice[0] % 1000)
        code = str(number.country_code)
        original = self._original(digits, code, region)
        current = original
        if state in _SUBSCRIBED and dice[2] % 1000 < _PORTED_PER_MILLE:
            current = another(original, region, dice[1])
        roaming = None
        if state is State.REACHABLE and dice[2] // 1000 % 1000 < _ROAMING_PER_MILLE:
            roaming = abroad(region, dice[1])
        serving = roaming or current
        identity = f"{dice[3]:010d}"
        imsi = (current.mccmnc + identity)[:15]
        msc = f"{serving.country_prefix}{serving.prefix}{identity[-6:]}"
        return Subscriber(digits, state, _line(kind, state), original, current, roaming, imsi, msc, dice[0] // 1000)

    def _original(self, digits: str, code: str, region: str) -> Network:
        """The network of the number's block: operators are given whole ranges, not single numbers."""
        block = self._draw(digits[: len(code) + 3], b"block")
        return network(region, code, _prefix(digits, code), block)

    def _draw(self, digits: str, purpose: bytes) -> int:
        """32 bits that depend on seed, number and purpose alone."""
        digest = hashlib.blake2b(digits.encode(errors="replace"), digest_size=4, key=self._key, person=purpose)
        return int.from_bytes(digest.digest(), "big")


def _parsed(digits: str) -> phonenumbers.PhoneNumber | None:
    if not (digits.isascii() and digits.isdigit()) or digits.startswith("0"):
        return None
    try:
        return phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None


def _state(kind: int, roll: int) -> State:
    if kind in _MOBILE:
        return _STATES[bisect_right(_BOUNDS, roll)]
    return State.UNALLOCATED if kind == phonenumbers.PhoneNumberType.UNKNOWN else State.UNCOVERED


def _line(kind: int, state: State) -> Line:
    """Where the plan does not tell mobile from landline, as in North America, a network that can be asked is mobile."""
    if kind == phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE:
        return Line.LANDLINE if state is State.UNCOVERED else Line.MOBILE
    return _LINES.get(kind, Line.OTHER)


def _prefix(digits: str, code: str) -> str:
    """The national prefix that names the network: the area code in North America, else two digits."""
    return digits[len(code) :][: 3 if code == "1" else 2]
