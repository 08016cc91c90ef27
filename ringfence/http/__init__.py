"""The wire: one client that sends a request at most once and says truly what became of it."""
