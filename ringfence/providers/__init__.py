"""Lookup providers: the record of an answer, the contract, the registry, and one file a provider. No I/O here."""
