"""The simulator: every provider's wire format on loopback, one truth about subscribers, and its own bill.

It shares no code with the providers, the client or the money of Ringfence: a double that shares the parser proves
nothing.
"""
