"""Ringfence: the domain."""
