"""Run configurations to paste into the launchpad, as they stand in the descriptions of assets, jobs and fields."""

import json

ID = "0199b2c4-7d1e-7c3a-9a51-1f2e3d4c5b6a"


def run_config(**limits: object) -> str:
    """A run configuration that sets these limits, as YAML: values are written as JSON, which YAML reads."""
    lines = "\n".join(f"      {name}: {json.dumps(value)}" for name, value in limits.items())
    return f"resources:\n  limits:\n    config:\n{lines}\n"


def recipe(title: str, **limits: object) -> str:
    """A run configuration under its title, as Markdown that can be copied whole."""
    return f"**{title}**\n```yaml\n{run_config(**limits)}```"


def described(sentence: str, *more: str) -> str:
    """A description: what it is in one sentence, and paragraphs or recipes below."""
    return "\n\n".join((sentence, *more))


EVERYTHING = "**Everything**: leave the run configuration empty."
ONE_COUNTRY = recipe("One country, or one source", countries=["DE"], sources=["customers"])
FIRST_TEN = recipe("A first purchase of 10 numbers", limit=10, approve_up_to="max")
UP_TO = recipe("Approve what is quoted, up to an amount", approve_up_to="5 EUR")
APPROVE = recipe("Approve a quote that was made before, and buy it", quote=ID, approve_up_to="12.40 EUR")
BUY = recipe("Buy a quote that is approved, and nothing else", quote=ID)
CEILING = recipe("Buy what is approved, but spend at most so much in this run", max_spend="5 EUR")
