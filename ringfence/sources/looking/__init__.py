"""Looks at a warehouse that nobody has described yet: what in it holds phone numbers, for a first configuration."""
