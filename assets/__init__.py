"""What is materialized: one module per table or family of tables. No schedules, no environment."""
