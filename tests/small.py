"""A small home for tests: a warehouse with known numbers, a configuration, a ledger, and a simulator beside it."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

# Valid by libphonenumber's metadata; invented, and asked of the simulator only.
PHONES = [f"+3161234{n:04d}" for n in range(1000, 9999)]

CONFIG = """\
home: ./home
mode: simulate
timezone: Europe/Amsterdam
currency: EUR
sources:
  crm:
    warehouse: duckdb:///crm.duckdb
    relation: customers
    key: [id]
    phones: [phone]
    region: {{default: NL}}
    want: {{carrier: monthly, validity: quarterly}}
providers:
  infobip:
    products: [query]
    price: {{query: "0.01 EUR"}}
    base_url: "{url}"
    batch: {batch}
    in_flight: 2
    rate: 1000/s
budgets:
  - {{window: month, cap: "{cap}"}}
approval: {{unattended: "{unattended}"}}
"""


def make_warehouse(folder: Path, phones: Sequence[str | None]) -> None:
    """Write crm.duckdb with these cells in customers.phone."""
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.execute("CREATE TABLE customers (id BIGINT, phone VARCHAR)")
        for number, phone in enumerate(phones):
            connection.execute("INSERT INTO customers VALUES (?, ?)", [number, phone])


def make_config(
    folder: Path, url: str, *, batch: int = 50, cap: str = "100 EUR", unattended: str = "0", key: str = "simulated"
) -> Path:
    """Write ringfence.yaml (and .env, when there is a key)."""
    path = folder / "ringfence.yaml"
    unattended = f"{unattended}/day" if unattended != "0" else "0"
    path.write_text(CONFIG.format(url=url, batch=batch, cap=cap, unattended=unattended), encoding="utf-8")
    if key:
        (folder / ".env").write_text(f"INFOBIP_API_KEY={key}\n", encoding="utf-8")
    return path
