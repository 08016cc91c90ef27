"""Keeps secrets, query strings and phone numbers out of every log line, traceback and reason of this process.

It masks text that is about to leave; it does not find secrets by itself: whoever reads one registers it.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from ringfence.numbers.phone import mask_numbers

HIDDEN = "***"
# Shorter values are not told apart from ordinary text: masking every "a" would leave nothing to read.
SHORTEST_SECRET = 4
_USERINFO = re.compile(r"(?<=://)[^\s/?#@\"'<>]+@")
_QUERY = re.compile(r"(?<=[\w/.~-])\?[^\s\"'<>]+")

_secrets: set[str] = set()
_pattern: re.Pattern[str] | None = None


def register_secret(value: str) -> None:
    """Mask this value from now on, as it stands and as a URL spells it. Values under four characters are ignored."""
    global _pattern  # noqa: PLW0603 - one set of secrets a process, as there is one log
    if len(value) < SHORTEST_SECRET:
        return
    _secrets.update({value, quote(value, safe=""), quote_plus(value)})
    # The longest first, so that a secret inside another one does not leave the rest of it readable.
    _pattern = re.compile("|".join(map(re.escape, sorted(_secrets, key=lambda secret: (-len(secret), secret)))))


def redact(text: str) -> str:
    """Mask registered secrets, credentials and query strings of URLs, and runs of seven or more digits."""
    if _pattern is not None:
        text = _pattern.sub(HIDDEN, text)
    text = _QUERY.sub(f"?{HIDDEN}", _USERINFO.sub(f"{HIDDEN}@", text))
    return mask_numbers(text)


def install() -> None:
    """Mask every log record of this process at its birth, and keep httpx and httpcore quiet below WARNING.

    httpx logs every URL at INFO, httpcore every header at DEBUG. A record factory and not a `logging.Filter`: a filter
    sees only what passes its own logger or handler, so child loggers and handlers that come later would escape it.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _MaskedRecords):
        logging.setLogRecordFactory(_MaskedRecords(factory))


class _MaskedRecords:
    """The record factory that was there before, with every text in its records masked."""

    def __init__(self, factory: Any) -> None:
        self._factory = factory

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._factory(*args, **kwargs)
        _mask(record)
        return record


def _mask(record: logging.LogRecord) -> None:
    # Texts in place first: formatters such as uvicorn's read the arguments one by one.
    if isinstance(record.args, tuple):
        record.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in record.args)
    elif isinstance(record.args, Mapping):
        record.args = {key: redact(arg) if isinstance(arg, str) else arg for key, arg in record.args.items()}
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        # Message and arguments do not fit; logging would print both as they are.
        record.msg, record.args = redact(str(record.msg)), None
    else:
        masked = redact(message)
        if masked != message:
            record.msg, record.args = masked, None
    if record.exc_info and record.exc_info[0] is not None:
        # Every formatter takes this text, where it is set, instead of formatting the traceback itself.
        record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
