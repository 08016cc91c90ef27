"""What the environment adds to the configuration: where home is, where providers are, credentials, and prices.

Nothing is read at import; a missing credential is an error only for what needs it, before anything is spent.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from ringfence.config import file, rates
from ringfence.config.addresses import address, loopback, wrong_port
from ringfence.config.model import Config
from ringfence.config.rates import Rates
from ringfence.errors import ConfigError, SecretMissingError
from ringfence.http.redact import register_secret
from ringfence.providers.registry import provider


@dataclass(frozen=True)
class Setup:
    """A configuration in its place: the file, the values in it, and the environment around it."""

    path: Path
    config: Config

    @cached_property
    def env(self) -> Mapping[str, str]:
        """The environment over the `.env` file beside the configuration."""
        path = self.path.parent / ".env"
        try:
            beside = {name: value for name, value in dotenv_values(path).items() if value}
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read ({file.cause(error)})") from None
        found = {**beside, **os.environ}
        # At once, and of every provider: a process that asks none of them may still come upon a text that quotes one.
        for name in self.config.providers:
            for value in (found.get(each) for names in provider(name).secrets for each in names):
                register_secret(value or "")
        return found

    @cached_property
    def rates(self) -> Rates:
        """The prices, with those of the rate card as it was when they were first looked at; raises ConfigError."""
        return rates.load(self.config, self.path.parent)

    def day(self, at: int) -> date:
        """The calendar day of a time of the ledger (microseconds UTC), in the time zone of the configuration."""
        return datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(self.config.zone).date()

    @property
    def home(self) -> Path:
        """The folder of ledger, lake and served file: RINGFENCE_HOME, else `home` relative to the file."""
        home = self.env.get("RINGFENCE_HOME") or self.config.home
        if "\0" in home:
            raise ConfigError("RINGFENCE_HOME is no path: it holds a NUL")
        return (self.path.parent / home).resolve()

    def base_url(self, name: str) -> str:
        """Where a provider is; refuses to mix simulated and live.

        In simulate mode the host must be loopback or listed in `simulator_hosts`, and never the vendor's; in live mode
        it must be the vendor's, over https, or listed in `trusted_hosts`.
        """
        variable = f"RINGFENCE_{name.upper()}_BASE_URL"
        section = self.config.providers[name]
        url = (self.env.get(variable) or section.base_url or provider(name).base_url).rstrip("/")
        where = f"{self.path}: providers.{name}.base_url (or {variable})"
        parts = address(url)
        host = parts.hostname if parts else None
        if host is None:
            told = f"{where} is not an address such as https://host/path, without user or query"
            raise ConfigError(told + wrong_port(url))
        vendors = any(host == each or host.endswith(f".{each}") for each in provider(name).hosts)
        if self.config.mode == "simulate":
            if vendors or not (loopback(host) or host in self.config.simulator_hosts):
                raise ConfigError(
                    f"{where} is {url}, but mode is simulate: name the simulator, e.g. http://127.0.0.1:8900"
                )
            return url
        if not (host in section.trusted_hosts or (vendors and url.startswith("https://"))):
            raise ConfigError(
                f"{where} is {url}, but mode is live: allowed are trusted_hosts, and https to "
                + ", ".join(provider(name).hosts)
            )
        return url

    @property
    def callbacks_url(self) -> str | None:
        """Where providers reach `ringfence callbacks`, None where nothing is configured; refuses to mix modes.

        In simulate mode the host must be loopback or listed in `simulator_hosts`; in live mode it must be reached over
        https, and from outside.
        """
        url = self.config.callbacks.public_url
        if url is None:
            return None
        where = f"{self.path}: callbacks.public_url is {url}, but mode is {self.config.mode}"
        host = urlsplit(url).hostname or ""
        if self.config.mode == "simulate":
            if not (loopback(host) or host in self.config.simulator_hosts):
                raise ConfigError(f"{where}: name this machine, e.g. http://127.0.0.1:8910")
        elif loopback(host) or not url.startswith("https://"):
            raise ConfigError(
                f"{where}: name an https address that providers can reach, e.g. https://hooks.example.com"
            )
        return url

    def secrets(self, name: str) -> Mapping[str, str]:
        """The first complete set of a provider's credentials, masked in every text from now on.

        Raises SecretMissingError naming the variables.
        """
        for names in provider(name).secrets:
            found = {each: self.env[each] for each in names if self.env.get(each)}
            if len(found) == len(names):
                for value in found.values():
                    register_secret(value)
                return found
        wanted = ", or ".join(" and ".join(names) for names in provider(name).secrets)
        raise SecretMissingError(f"provider {name} needs {wanted} in the environment (or in .env beside {self.path})")


def config_path(env: Mapping[str, str]) -> Path:
    """The configuration file: RINGFENCE_CONFIG, else ./ringfence.yaml."""
    return Path(env.get("RINGFENCE_CONFIG") or "ringfence.yaml").resolve()


def load(path: Path) -> Setup:
    """Read the configuration at this path; raises ConfigError."""
    return Setup(path.resolve(), file.load(path.resolve()))
