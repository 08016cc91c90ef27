"""Turns what DuckDB raises while it reads a warehouse into one sentence. The only reader of DuckDB's messages here.

DuckDB quotes the cell or the whole line that it stumbled on, so nothing of a message is passed on but a process id,
a line number and the name of a file that exists.
"""

import re

import duckdb

from ringfence.errors import SourceError
from ringfence.sources.files import is_file
from ringfence.sources.names import one_line
from ringfence.sources.source import SourceSpec

_PID = re.compile(r"PID (\d+)", re.ASCII)
_LINE = re.compile(r"CSV Error on Line: (\d+)", re.ASCII)
_FILE = re.compile(r"""file (?:= |['"])(/[^'"\n]+)""")

# What a file is that cannot be opened.
_TOLD = {
    "encrypted database": "is encrypted; name a copy without encryption, or export its tables to Parquet",
    "already attached": "is open for writing in this process; close it first",
    "version number": f"is of a newer DuckDB than {duckdb.__version__}; write it with STORAGE_VERSION 'v1.5.0'",
}


def refusal(spec: SourceSpec, location: str, memory_limit: str, error: duckdb.Error) -> SourceError:
    """The sentence for an error: what, where, how to mend."""
    return SourceError(f"source '{spec.name}': {_sentence(location, memory_limit, error)}")


def is_about_a_file(message: str) -> bool:
    """Whether a message is about a file that cannot be read, and not about a query."""
    return "CSV" in message or _file_in(message) is not None


def _sentence(location: str, memory_limit: str, error: duckdb.Error) -> str:
    message = str(error)
    where = one_line(_file_in(message) or location)
    if "Maximum line size" in message:
        # DuckDB names a wrong line then. It takes seconds a megabyte: a higher limit would hang.
        return f"a line of {where} is longer than 2 MB; close its quotes, or export the file without that cell"
    if "sniffing file" in message or "CSV Parser state machine" in message:
        return f"{where} cannot be read as CSV: its lines differ in their ends (CRLF and LF) or quotes; export it again"
    if line := _LINE.search(message):
        return f"line {line[1]} of {where} cannot be read as CSV; mend that line, or export the file again as UTF-8"
    if "Could not set lock" in message:
        holder = f"process {pid[1]}" if (pid := _PID.search(message)) else "another process"
        return f"{where} is open for writing in {holder}; close it there and try again, or name a copy of the file"
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"{where} needs more than {memory_limit} of memory to read; keep very long cells out with a condition"
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        return f"a cell in {where} is not of the type that a condition, a view or another file asks for; use TRY_CAST"
    for words, told in _TOLD.items():
        if words in message:
            return f"{where} {told}"
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        return f"the relation in {where} does not work any more; repair the view, or name the table behind it"
    return f"{where} cannot be read ({type(error).__name__}): it is damaged, of another format, or not ours to read"


def _file_in(message: str) -> str | None:
    found = _FILE.search(message)
    return found[1] if found and is_file(found[1]) else None
