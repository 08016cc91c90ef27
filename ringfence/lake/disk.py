"""A disk that fails under Delta or Polars, told in a sentence. What SQLite says of one is read in `money/causes`."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from deltalake.exceptions import DeltaError
from polars.exceptions import PolarsError

from ringfence.errors import LakeError

_FULL = "is full: free space and run again, nothing was lost"
_CAUSES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EIO: "cannot be read or written (I/O error): check it and run again, what was committed is not lost",
}
# Neither library has a class for it: both repeat the machine's own number in their text (`std::io::Error`, Display).
_NUMBER = re.compile(r"os error (\d+)", re.ASCII)


@contextmanager
def disk_told() -> Iterator[None]:
    """Tell what the disk did; raises LakeError for that, and every other error as it is."""
    try:
        yield
    except (DeltaError, PolarsError, OSError) as error:
        found = _NUMBER.search(str(error))
        number = int(found[1]) if found else getattr(error, "errno", None)
        if number not in _CAUSES:
            raise
        raise LakeError(f"the disk of the lake {_CAUSES[number]}") from None
