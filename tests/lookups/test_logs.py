"""Nothing that a whole purchase logs, at any level, holds a number or a credential."""

import logging
import re
from collections.abc import Iterator

import pytest

from ringfence.http import redact

SECRET = "key-of-a-test"


@pytest.fixture
def masked() -> Iterator[None]:
    """What the command line does at its start, undone afterwards."""
    factory = logging.getLogRecordFactory()
    levels = {name: logging.getLogger(name).level for name in ("httpx", "httpcore")}
    redact.install()
    yield
    logging.setLogRecordFactory(factory)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("masked")
@pytest.mark.parametrize("noisy", [False, True], ids=["quiet", "httpcore at DEBUG"])
def test_a_purchase_at_debug_logs_no_number_and_no_secret(build, numbers, caplog, capfd, *, noisy) -> None:
    """Sources, quote, purchase with faults, and publication, with every logger at DEBUG."""
    caplog.set_level(logging.DEBUG)
    if noisy:
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.DEBUG)
    phones = [*numbers("NL", 12), *numbers("DE", 12)]
    faults = ["status", "drop_in_body", "html", "one_unasked", "not_http", "one_missing"]
    rules = [{"when": {"nth": 2 * place}, "fault": fault, "status": 400} for place, fault in enumerate(faults, 1)]
    house = build(phones, *[rule if rule["fault"] == "status" else {**rule, "status": 0} for rule in rules])
    house.run()
    assert len(set(house.states())) == 3
    out, err = capfd.readouterr()
    said = out + err + caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert caplog.records
    assert SECRET not in said
    for phone in phones:
        assert phone[1:] not in said
        assert phone[3:] not in said
    assert not re.search(r"\+(31|49)\d{5,}", said)


def test_an_error_that_ends_a_purchase_shows_no_number_and_no_secret(build, numbers) -> None:
    """Where nobody listens, neither the sentence of the run nor any evidence in the ledger holds one."""
    phones = numbers("NL", 2)
    house = build(phones, provider={"base_url": "http://127.0.0.1:1"})
    said = str(house.run()) + str([(row["evidence"], row["request_ref"]) for row in house.attempts()])
    assert "ConnectError" in said
    assert not any(phone[3:] in said for phone in phones)
    assert SECRET not in said
