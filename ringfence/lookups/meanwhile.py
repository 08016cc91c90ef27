"""What goes on beside the buying: settled answers are appended to the lake, and people are told how far it is.

Whoever is to be told of budgets is told as well, and once more at the end: that is what they are after the run.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from deltalake.exceptions import DeltaError

from ringfence.config.environment import Setup
from ringfence.errors import RingfenceError
from ringfence.lake.tables import Lake
from ringfence.lookups import alerts
from ringfence.lookups.desk import Desk
from ringfence.lookups.phases import told
from ringfence.lookups.publish import publish_settled
from ringfence.money import progress
from ringfence.money.ledger import Ledger

_LOG = logging.getLogger(__name__)
# Seconds between two appends to the lake.
FLUSH_SECONDS = 10
# Seconds between two looks at the budgets.
ALERT_SECONDS = 15
# Seconds between two lines about the progress: as often as a person reads, not as requests come back.
TELL_SECONDS = 5


@asynccontextmanager
async def meanwhile(setup: Setup, desk: Desk, lake: Lake, tell: Callable[[str], None] | None) -> AsyncIterator[None]:
    """Publish, watch the budgets, and tell where somebody listens, for the length of the block."""
    tasks = [asyncio.create_task(_publish(desk.ledger, lake)), asyncio.create_task(_watch(setup, desk))]
    if tell:
        tasks.append(asyncio.create_task(_tell(desk, tell)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
    # Not when the block has failed or was stopped: what is not told now, the next run tells.
    desk.notes.add(await alerts.tell(setup, desk.ledger))


async def _publish(ledger: Ledger, lake: Lake) -> None:
    """Append what is settled.

    The lake is what shows that a ledger which was restored from an older copy has forgotten purchases.
    """
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        try:
            await asyncio.to_thread(publish_settled, ledger, lake)
        except (RingfenceError, OSError, DeltaError) as error:
            # The answers are in the ledger; the end of the run publishes them, and says what is wrong if it cannot.
            _LOG.warning("what is settled could not be published yet: %s", type(error).__name__)


async def _watch(setup: Setup, desk: Desk) -> None:
    while True:
        await asyncio.sleep(ALERT_SECONDS)
        desk.notes.add(await alerts.tell(setup, desk.ledger))


async def _tell(desk: Desk, tell: Callable[[str], None]) -> None:
    began = desk.ledger.store.clock()
    while True:
        await asyncio.sleep(TELL_SECONDS)
        row = await asyncio.to_thread(progress.get, desk.ledger, desk.owner.launch_id)
        if row:
            seconds = (desk.ledger.store.clock() - began) / 1_000_000
            await asyncio.to_thread(tell, told(row, seconds))
