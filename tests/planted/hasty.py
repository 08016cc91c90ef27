"""A plugin for tests that are to find a planted bug: hypothesis says that an example fails, and does not shrink it."""

from hypothesis import Phase, settings

settings.register_profile("hasty", deadline=None, phases=[Phase.explicit, Phase.generate])
