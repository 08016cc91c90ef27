"""Money and the ledger: integer nanos with a currency, prices, budgets, and the only record that decides to pay."""
