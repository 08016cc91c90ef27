"""What can be found of this machine: its time zone, and the country that this zone is of."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from zoneinfo import available_timezones

_ZONES = "zoneinfo/"


def timezone(env: Mapping[str, str]) -> str:
    """The IANA name of the machine's time zone: TZ, else what /etc/localtime is a link to; UTC where neither says."""
    target = str(Path("/etc/localtime").resolve())
    found = (env.get("TZ", "").removeprefix(":"), target.partition(_ZONES)[2])
    known = available_timezones()
    return next((zone for zone in found if zone in known and "/" in zone and not zone.startswith("Etc/")), "UTC")


def country_of(zone: str) -> str | None:
    """The country (ISO 3166-1 alpha-2) of a time zone; None for one of no country."""
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return next((row[0] for row in rows if row[2] == zone), None)
