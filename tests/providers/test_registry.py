"""How providers are found."""

import pytest

from ringfence.errors import ConfigError
from ringfence.providers.registry import provider, providers


def test_a_module_with_a_provider_is_enough() -> None:
    """The scan finds the providers by their own names, in order, and only modules that have one."""
    assert {"infobip", "messente", "vonage"} <= providers().keys()
    assert list(providers()) == sorted(providers())
    assert all(name == one.name for name, one in providers().items())


@pytest.mark.parametrize("name", sorted(providers()))
def test_what_a_provider_states_holds_together(name: str) -> None:
    """Products are named as they are keyed, batches fit into limits, and the base URL is the vendor's own host."""
    one = provider(name)
    assert one.base_url.removeprefix("https://").endswith(one.hosts)
    assert not one.base_url.endswith("/")
    for key, product in one.products.items():
        assert key == product.name
        assert 1 <= product.batch <= product.limit
        assert product.facts >= product.plan_only
        assert product.facts
    for values in one.options.values():
        assert len(set(values)) == len(values) > 1


def test_an_unknown_name_is_the_users_to_mend() -> None:
    """The error says which names there are."""
    with pytest.raises(ConfigError, match=r"'infobop'.*infobip"):
        provider("infobop")
