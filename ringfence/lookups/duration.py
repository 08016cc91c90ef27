"""A length of time as people read it: how old something is, and how long something takes."""

# Seconds, and what they are called.
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def lasting(seconds: int) -> str:
    """The two largest units of a time: "3 d 4 h", "2 h", "1 min 30 s"; less than nothing is "0 s"."""
    counts: list[tuple[int, str]] = []
    for size, name in _UNITS:
        count, seconds = divmod(max(0, seconds), size)
        if count or counts:
            counts.append((count, name))
    return " ".join(f"{count} {name}" for count, name in counts[:2] if count) or "0 s"
