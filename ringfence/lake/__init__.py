"""Tables that people query: Delta tables as the truth, and one read-only DuckDB file that is served from them."""
