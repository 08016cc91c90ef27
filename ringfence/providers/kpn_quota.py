"""The headers of KPN's gateway: how much of the project's quota is used, when it begins anew, and when the API ends.

Source: KPN's documentation "HTTP response headers" (quota-limit, quota-interval, quota-time-unit, quota-used,
quota-reset-UTC, and `sunset` as in RFC 8594). It shows no form of the reset, so a date, an ISO 8601 time and seconds or
milliseconds since 1970 are all read; what is none of them is not known. No verdicts here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ringfence.providers.reading import moment

HEADERS = ("quota-limit", "quota-interval", "quota-time-unit", "quota-used", "quota-reset-utc", "sunset")
# Seconds. A quota that begins anew much later is looked at again after the longest of them.
_PAUSE = (1.0, 300.0)
_UNIT = re.compile(r"[A-Za-z]{1,12}", re.ASCII)
# Of seconds since 1970 these are the years 2001 to 2286; of milliseconds the digits are three more.
_EPOCH = re.compile(r"\d{10}(\d{3})?", re.ASCII)


def pause(headers: Mapping[str, str]) -> float | None:
    """Seconds to send nothing, between 1 and 300: while all of the quota is used and its reset is known."""
    limit, used = _count(headers, "quota-limit"), _count(headers, "quota-used")
    return until_reset(headers) if limit and used is not None and used >= limit else None


def until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the quota begins anew, between 1 and 300, by the reply's own clock; None when that is not known."""
    reset, now = _when(headers.get("quota-reset-utc", "")), _when(headers.get("date", ""))
    if reset is None or now is None:
        return None
    return min(max((reset - now).total_seconds(), _PAUSE[0]), _PAUSE[1])


def notes(headers: Mapping[str, str]) -> Sequence[str]:
    """Sentences for the user: where the quota stands, and that an end of this API is announced."""
    told = []
    limit, used = _count(headers, "quota-limit"), _count(headers, "quota-used")
    if limit and used is not None:
        reset = _when(headers.get("quota-reset-utc", ""))
        anew = f"; it begins anew at {reset:%Y-%m-%d %H:%M} UTC" if reset else ""
        told.append(f"kpn: {used:,} of the quota of {limit:,} requests{_window(headers)} are used{anew}")
    sunset = headers.get("sunset", "").strip()
    # KPN sends `n/a` while nothing is announced.
    if sunset and sunset.lower() not in ("n/a", "na", "none", "null", "-"):
        ends = _when(sunset)
        on = f"on {ends:%Y-%m-%d}" if ends else "at a time that cannot be read"
        told.append(f"kpn announces that this API ends {on} (its sunset header): move to another provider before")
    return told


def _window(headers: Mapping[str, str]) -> str:
    """What the quota is counted over, as in ` a day` and ` in 5 minutes`; empty where it is not said."""
    interval, unit = _count(headers, "quota-interval"), headers.get("quota-time-unit", "").strip().lower()
    if not interval or not _UNIT.fullmatch(unit):
        return ""
    return f" a {unit}" if interval == 1 else f" in {interval:,} {unit.removesuffix('s')}s"


def _count(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if re.fullmatch(r"\d{1,12}", value, re.ASCII) else None


def _when(value: str) -> datetime | None:
    """A time in UTC, in one of its three forms."""
    value = value.strip()
    epoch = _EPOCH.fullmatch(value)
    if epoch:
        return datetime.fromtimestamp(int(value) // (1000 if epoch[1] else 1), UTC)
    return moment(value, datetime.fromisoformat) or moment(value, parsedate_to_datetime)
