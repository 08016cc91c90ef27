"""The demo's `ringfence.yaml`: how the warehouse of `warehouse.py` is read, and from whom answers may be bought.

It holds no secret and no account: every provider is simulated on this machine.
"""

import json
from collections.abc import Mapping
from string import Template

_CONFIG = Template("""\
# Ringfence, set up for the demo: an invented CRM, and a simulator in the place of the providers. No money moves.
home: $home                       # ledger, lake and the served ringfence.duckdb; relative to this file
mode: simulate                       # a ledger is born simulate or live, and stays so
timezone: Europe/Amsterdam           # of budget windows and of the schedule
currency: EUR                        # of reports

sources:
  customers:
    warehouse: "duckdb:///crm.duckdb"
    relation: crm.customers
    key: [customer_id]
    phones: [phone, mobile]
    region: {column: country}        # says how to read a number that was written nationally
    where: "deleted_at is null"      # nothing is bought for customers who left
    want: {carrier: monthly, ported: monthly, validity: quarterly, reachability: once}
  leads:
    warehouse: "duckdb:///crm.duckdb"
    relation: crm.leads
    key: [lead_id]
    phones: [phones, phone_number]   # a list of texts, and integers that lost their leading zeros
    region: {column: country}
    want: {carrier: quarterly, validity: quarterly}
  contacts:
    warehouse: "parquet:///exports/contacts.parquet"
    key: [contact_ref]
    phones: [phone, other_phone]     # floating-point numbers, as a spreadsheet leaves them, and texts
    region: {default: GB}            # a British export without a country column
    want: {validity: quarterly, reachability: once}

providers:
  infobip:
    products: [query]
    price: {query: "0.01 EUR"}       # per number
    base_url: "http://127.0.0.1:$infobip"
    batch: 250                       # numbers in a request
    in_flight: 4                     # requests at a time
    rate: 20/s
  messente:
    products: [hlr_sync]
    price: {hlr_sync: "0.002 EUR"}
    base_url: "http://127.0.0.1:$messente"
    in_flight: 16                    # ten numbers in a request, so more of them at a time
    rate: 200/s
  vonage:
    products: [standard, advanced]
    price: {standard: "0.005 EUR", advanced: "0.04 EUR"}
    base_url: "http://127.0.0.1:$vonage"
    in_flight: 16                    # one number in a request
    rate: 200/s
  kpn:
    products: [advanced_async]       # accepts a request, and calls back with the answer
    price: {advanced_async: "0.03 EUR"}
    base_url: "http://127.0.0.1:$kpn"
    in_flight: 16
    rate: 200/s
  kaleyra:
    products: [lookup]               # accepts a hundred numbers, and answers when it is asked about each
    price: {lookup: "0.20 EUR"}
    base_url: "http://127.0.0.1:$kaleyra"
    in_flight: 16
    rate: 200/s
callbacks: {public_url: "http://127.0.0.1:$receiver"}    # `ringfence callbacks --port $receiver`

routes:                              # in order: the next is asked only for what the one before left unknown
  default: [infobip]
  GB: [messente, infobip]
  NL: [messente, kpn]
  US: [vonage]
  AE: [kaleyra, infobip]             # auto would ask the cheapest everywhere

budgets:                             # limits: all of them hold
  - {window: month, cap: "500 EUR"}
  - {window: day, cap: "300 EUR"}
approval: {unattended: "5 EUR/day"}  # consent: what a run may spend without an approved quote
schedule: "0 5 * * *"                # every day at five in the morning
""")


def config_text(ports: Mapping[str, int], home: str = "./home") -> str:
    """The configuration for simulated providers, and the receiver, on these ports of 127.0.0.1.

    `home` is relative to the file.
    """
    return _CONFIG.substitute(ports, home=json.dumps(home, ensure_ascii=False))
