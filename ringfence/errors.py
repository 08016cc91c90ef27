"""The errors that a user can cause, each one sentence that says what is wrong, where, and how to mend it.

Anything else that is raised is a defect of ours and keeps its traceback.
"""


class RingfenceError(Exception):
    """A mistake that the user can mend; the command line prints it without a traceback and ends with exit code 2."""


class ConfigError(RingfenceError):
    """The configuration file is wrong: the message names file, line, key, what was found and what is allowed."""


class SecretMissingError(RingfenceError):
    """A credential is not set: the message names the environment variable."""


class SourceError(RingfenceError):
    """A source cannot be read as configured: missing table or column, a column type that cannot hold phone numbers."""


class LedgerError(RingfenceError):
    """The ledger is missing, behind the lake, or of another mode: nothing may be spent."""


class MoneyError(RingfenceError):
    """An amount, price or currency cannot be used as it stands."""


class QuoteError(RingfenceError):
    """A quote is unknown, expired, or does not cover what was asked for."""


class LakeError(RingfenceError):
    """The lake belongs to another ledger, or cannot be read."""
