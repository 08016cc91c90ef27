"""Why a query failed while it ran, in DuckDB's words without those of a cell, which its messages quote."""

import re

import duckdb

from ringfence.sources.refusals import is_about_a_file

# What a query itself brings about; DuckDB raises the others for files, memory and locks.
_BY_A_QUERY = (
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.InvalidTypeException,
    duckdb.NotImplementedException,
    duckdb.OutOfRangeException,
    duckdb.SequenceException,
    duckdb.TypeMismatchException,
)
_WORD = re.compile(r"\w+")
# DuckDB's own words, of its messages about values and parameters (v1.5). Others are shown where the query has them.
_ITS_WORDS = frozenset(
    _WORD.findall("""
    a an according addition and are as at be because by byte can cannot cast casting character code codepoint column
    conversion convert could create date destination division encountered error escape expected expression failed
    field following for format from function hex implemented in input invalid is json malformed missing more
    multiplication mismatch no not number of one only out overflow parameter parameters parse prepared provided
    range recognized return returned row rows scalar single size source specifier statement string struct subqueries
    subquery subtraction supported t than the time timestamp to type unexpected unimplemented unterminated used utf8
    value values was were when while with zero
    bigint blob boolean decimal double float hugeint int int8 int16 int32 int64 int128 integer interval list smallint
    tinyint ubigint uint8 uint16 uint32 uint64 uuid varchar
    """)
)
_LEFT_OUT = "..."


def failure(query: str, error: duckdb.Error) -> str | None:
    """DuckDB's reason, each word that is neither its own nor the query's left out; None where a file is to blame."""
    message = str(error)
    if not isinstance(error, _BY_A_QUERY) or is_about_a_file(message):
        return None
    known = _ITS_WORDS.union(_words(query))
    shown: list[str] = []
    for part in _without_cells(query, message).split():
        words = _words(part)
        told = part if part.isascii() and words and known.issuperset(words) else _LEFT_OUT
        if told != _LEFT_OUT or shown[-1:] != [_LEFT_OUT]:
            shown.append(told)
    advice = "; use TRY_CAST" if isinstance(error, duckdb.ConversionException) else ""
    return " ".join(shown) + advice


def _without_cells(query: str, message: str) -> str:
    """What a message says before its hints, without what it quotes, unless the query has that too."""
    # At the end stands the query, in quotes or not. A cell may hold a quote itself: from the first to the last one.
    told = message.rpartition("\n\nLINE ")[0] or message
    for quote in ("'", '"'):
        before, opened, rest = told.partition(quote)
        quoted, closed, after = rest.rpartition(quote)
        if opened and closed and quoted not in query:
            told = f"{before}{_LEFT_OUT}{after}"
    return told.partition("\n\n")[0]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
