"""The registry: every module of this package that has an attribute `PROVIDER`. Nothing is listed by hand."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

import ringfence.providers
from ringfence.errors import ConfigError
from ringfence.providers.provider import Provider


@cache
def providers() -> Mapping[str, Provider]:
    """All providers by name, in the order of their names; the package is scanned once."""
    modules = [import_module(f"ringfence.providers.{info.name}") for info in iter_modules(ringfence.providers.__path__)]
    found: list[Provider] = [module.PROVIDER for module in modules if hasattr(module, "PROVIDER")]
    return MappingProxyType({one.name: one for one in sorted(found, key=lambda one: one.name)})


def provider(name: str) -> Provider:
    """The provider of this name; raises ConfigError with the names that there are."""
    try:
        return providers()[name]
    except KeyError:
        raise ConfigError(f"there is no provider '{name[:40]}'; known are: {', '.join(providers())}") from None
