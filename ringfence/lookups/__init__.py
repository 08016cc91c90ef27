"""A lookup's life: what is wanted, what is due, what it would cost, buying it, keeping it, merging it."""
