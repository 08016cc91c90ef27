"""SQL text from names and values that cannot be bound: the only two ways in. It knows no catalog and no table."""


def quoted(name: str) -> str:
    """A name as an SQL identifier; every identifier that we did not choose ourselves passes through here."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """A text as an SQL literal, for statements that take no parameters."""
    return "'" + str(text).replace("'", "''") + "'"
