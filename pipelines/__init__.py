"""When things run: jobs, schedules, and the definitions that bind them to the environment."""

import warnings

import dagster as dg

# BackfillPolicy is marked beta in Dagster 1.13 and would greet every start with a warning.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
