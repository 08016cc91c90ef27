"""Telling people about budgets: what is to be told is noted in the ledger, and sent to the configured address.

At least once, and nothing waits for it: a message that is not taken is a sentence, and is sent again by the next run.
"""

import asyncio
from datetime import UTC, datetime

from ringfence.config.environment import Setup
from ringfence.config.webhook import KEY, webhook_of
from ringfence.errors import RingfenceError
from ringfence.http import webhook
from ringfence.money import alerts
from ringfence.money.alerts import BURN, Alert
from ringfence.money.amount import decimal_text
from ringfence.money.ledger import Ledger


async def tell(setup: Setup, ledger: Ledger) -> list[str]:
    """Note what is to be told of the budgets, and tell what was not told yet; returns what went wrong, in sentences.

    Without an address nothing is noted: the asset checks and `doctor` look at the budgets themselves.
    """
    zone = setup.config.zone
    try:
        address = webhook_of(setup)
        if address is None:
            return []
        await asyncio.to_thread(alerts.note, ledger, zone, setup.config.alerts.shares)
        waiting = await asyncio.to_thread(alerts.untold, ledger, zone)
        for place, alert in enumerate(waiting):
            if why := await webhook.post(address, _document(ledger, alert)):
                left = len(waiting) - place
                return [
                    f"{KEY} took no message ({why}); {left} about budgets are sent again with the next run or collect"
                ]
            await asyncio.to_thread(alerts.told, ledger, alert)
    except RingfenceError as error:
        return [str(error)]
    return []


def _document(ledger: Ledger, alert: Alert) -> dict[str, object]:
    """What is sent: a budget and its window name what was told, amounts are decimal texts, times UTC."""
    use = alert.use
    burn: dict[str, object] = {"burn": True, "reached_at": _time(alert.reached_at or 0)}
    return {
        "budget": use.label,
        "window": use.window_start or "total",
        "cap": decimal_text(use.cap.amount),
        "used": decimal_text(use.used.amount),
        "currency": use.cap.currency,
        **(burn if alert.kind == BURN else {"share": int(alert.kind)}),
        "environment": ledger.environment,
        "mode": ledger.mode,
        "at": _time(alert.at),
    }


def _time(micros: int) -> str:
    return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
