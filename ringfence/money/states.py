"""The states of an attempt and what may follow what, and the triggers by which SQLite itself enforces it.

An attempt is one HTTP request that may cost money. It is born `sent`: reserving and marking as sent are one commit.
Only a residue (the numbers that a reply left out) is born `in_doubt`, and it is never sent.
"""

OPEN = ("sent", "awaiting", "in_doubt")
EDGES = {
    "sent": ("settled", "voided", "awaiting", "in_doubt"),
    "awaiting": ("settled", "voided", "in_doubt"),
    "in_doubt": ("settled", "voided", "awaiting"),
}
# One byte a number in `attempt.outcomes`; the order is the format, new ones go to the end.
OUTCOMES = ("complete", "partial", "no_data", "rejected_number", "no_coverage", "pending", "failed", "paid_lost")


def triggers() -> tuple[str, ...]:
    """The statements that make the journal append-only, freeze what is final, and hold the states to their edges."""
    allowed = " OR ".join(
        f"(OLD.state = '{old}' AND NEW.state IN ({', '.join(repr(each) for each in new)}))"
        for old, new in EDGES.items()
    )
    rules = {
        "journal_no_update": ("BEFORE UPDATE ON journal", "1", "the journal is append-only"),
        "journal_no_delete": ("BEFORE DELETE ON journal", "1", "the journal is append-only"),
        "attempt_no_delete": ("BEFORE DELETE ON attempt", "1", "attempts are kept"),
        "attempt_final": (
            "BEFORE UPDATE ON attempt",
            f"OLD.state NOT IN {OPEN}",
            "an attempt that is final does not change",
        ),
        "hold_no_delete": ("BEFORE DELETE ON hold", "1", "holds are kept"),
        "hold_final": (
            "BEFORE UPDATE ON hold",
            f"(SELECT state FROM attempt WHERE attempt_id = OLD.attempt_id) NOT IN {OPEN}",
            "a hold of an attempt that is final does not change",
        ),
        "attempt_edge": (
            "BEFORE UPDATE OF state ON attempt",
            f"OLD.state <> NEW.state AND NOT ({allowed})",
            "this state cannot follow that one",
        ),
        "attempt_born": (
            "BEFORE INSERT ON attempt",
            "NEW.state <> 'sent' AND NOT (NEW.state = 'in_doubt' AND NEW.residue_of IS NOT NULL)",
            "an attempt is born sent, or in doubt as a residue",
        ),
    }
    return tuple(
        f"CREATE TRIGGER {name} {event} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        for name, (event, condition, message) in rules.items()
    )
