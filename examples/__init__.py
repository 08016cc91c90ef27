"""Runnable examples; they use only what any user has."""
