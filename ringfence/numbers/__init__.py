"""From messy cells to E.164: the masked `Phone` type, the gate before the parser, and the normalisation of a column."""
