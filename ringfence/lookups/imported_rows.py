"""The rows of a SELECT on a warehouse as replies that were paid for elsewhere, before anything is read in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ringfence.errors import SourceError
from ringfence.sources.select import Selected

_BODIES = ("VARCHAR", "BLOB", "JSON")
_TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_OPTIONAL = {"phone": "CAST(phone AS VARCHAR)", "status": "CAST(status AS VARCHAR)"}
# An HTTP status (RFC 9110, 15), which a column of another type writes as 200.0.
_STATUS = re.compile(r"\s*([1-5]\d\d)(?:\.0*)?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Raw:
    """A row of the SELECT. `received_at` is microseconds UTC; `phone` is given where no number is to be looked for.

    `status` is the HTTP status, 200 where the SELECT has none, None where it gives one that cannot be read.
    """

    body: bytes | None = field(repr=False)
    received_at: int | None
    phone: str | None = field(default=None, repr=False)
    status: int | None = 200


def raw_replies(selected: Selected) -> Iterator[Raw]:
    """The rows of a SELECT as replies; raises SourceError unless it gives `body` and `received_at` of fitting types."""
    kinds = {name.casefold(): kind for name, kind in selected.columns.items()}
    for name, fitting in (("body", _BODIES), ("received_at", _TIMES)):
        if kinds.get(name) not in fitting:
            found = f"it is {kinds[name]}" if name in kinds else f"there are: {', '.join(selected.columns)[:200]}"
            raise SourceError(f"--from must give a column {name} of type {' or '.join(fitting[:2])}; {found}")
    optional = [each if name in kinds else "NULL" for name, each in _OPTIONAL.items()]
    body = "body" if kinds["body"] == "BLOB" else "encode(CAST(body AS VARCHAR))"
    for content, received_at, phone, status in selected.rows([body, "epoch_us(received_at)", *optional]):
        yield Raw(content, received_at, phone, _status(status) if "status" in kinds else 200)


def _status(text: str | None) -> int | None:
    found = _STATUS.fullmatch(text or "")
    return int(found[1]) if found else None
