"""Alembic's folder: every change of the ledger's tables, in order."""
