"""A fictitious provider, Acme: one module that asks it and reads it, and its double."""
