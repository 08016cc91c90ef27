"""When runs will be: the ticks of the schedule, of which the first of each day is the one that buys. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from cronsim import CronSim

from ringfence.config.model import Config


def ticks(config: Config, now: datetime, days: int) -> list[tuple[int, int]]:
    """The runs of so many days, as (days from the first, seconds of the epoch): the first of each from tomorrow on.

    Without a schedule one a day from now on. The last is beyond these days: what would expire before it is due at the
    one before.
    """
    here = now.astimezone(config.zone)
    moments = _scheduled(config.schedule, here) if config.schedule else _daily(here)
    begin = next(moments, here)
    found = [(0, int(begin.timestamp()))]
    while found[-1][0] <= days and (moment := next(moments, None)):
        found.append(((moment.date() - begin.date()).days, int(moment.timestamp())))
    return found


def _daily(here: datetime) -> Iterator[datetime]:
    return (here + timedelta(days=day) for day in count())


def _scheduled(schedule: str, here: datetime) -> Iterator[datetime]:
    """From the end of a day to the first tick after it: a schedule is not run through minute by minute."""
    moment: datetime | None = here
    while moment:
        moment = next(CronSim(schedule, moment.replace(hour=23, minute=59, second=59)), None)
        if moment:
            yield moment
