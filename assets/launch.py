"""What every asset stands on: the opened home, the worker of this run, and the limits that narrow it."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import dagster as dg
from pydantic import Field, PrivateAttr

from assets.recipes import ID
from ringfence.config import environment
from ringfence.config.environment import Setup
from ringfence.config.model import Config
from ringfence.errors import ConfigError, MoneyError, RingfenceError
from ringfence.http import redact
from ringfence.lake.tables import Lake
from ringfence.lookups.buy import unfit
from ringfence.lookups.quote import Narrow, narrowed
from ringfence.lookups.recover import recover
from ringfence.money import progress
from ringfence.money.amount import Money
from ringfence.money.ledger import Ledger, open_ledger
from ringfence.money.workers import Worker, working

PREFIX = "ringfence"
# The launch that a run belongs to; the command line reads its progress from the ledger under this id.
LAUNCH_TAG = "ringfence/launch"
# The runs of one backfill are one launch: the quote that one of them makes is the quote of the next.
BACKFILL_TAG = "dagster/backfill"
# A run with this tag buys nothing, whatever is approved.
PURCHASING_TAG = "ringfence/purchasing"


@dataclass(frozen=True, slots=True)
class Launch:
    """One run's hold on a home."""

    setup: Setup
    ledger: Ledger
    lake: Lake
    worker: Worker
    launch_id: str

    def now(self) -> datetime:
        """The ledger's clock."""
        return datetime.fromtimestamp(self.ledger.store.clock() / 1_000_000, UTC)


class House(dg.ConfigurableResource):
    """The home that a configuration names: ledger, lake and served file. `config` is the path of ringfence.yaml."""

    config: str = Field(default="", description="path of ringfence.yaml; RINGFENCE_CONFIG says it")
    _launch: Launch | None = PrivateAttr(default=None)
    _stack: ExitStack = PrivateAttr(default_factory=ExitStack)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["House"]:  # noqa: ARG002
        """Be a worker of the ledger from the first asset to the end of the run."""
        with ExitStack() as stack:
            self._stack = stack
            yield self

    def enter(self, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Launch:
        """Open the home for this run; the first call decides what dead runs left open."""
        if self._launch is None:
            redact.install()
            setup = self.setup()
            ledger = open_ledger(setup.home)
            tags = context.run.tags
            # What is tried again is the same launch: its approval is not given a second time.
            first = context.run.root_run_id or context.run.run_id
            launch_id = tags.get(LAUNCH_TAG) or tags.get(BACKFILL_TAG) or first
            worker = self._stack.enter_context(working(ledger, launch_id, context.run.run_id))
            # An old copy that settles would soon be as far as the lake, and could no longer be told from the right one.
            if unfit(setup, ledger) is None:
                fail_runs(context.instance, recover(ledger))
            self._launch = Launch(setup, ledger, Lake(setup.home, ledger.ledger_id), worker, launch_id)
        return self._launch

    def setup(self) -> Setup:
        """The configuration in its place."""
        if not self.config:
            raise ConfigError("no configuration: set RINGFENCE_CONFIG to the path of ringfence.yaml")
        return environment.load(Path(self.config))


class Limits(dg.ConfigurableResource):
    """What narrows a run. Nothing here authorises a purchase but `approve_up_to`."""

    sources: list[str] = Field(default=[], description="only these sources: `sources: [customers, leads]`")
    countries: list[str] = Field(default=[], description="only numbers of these countries: `countries: [DE, NL]`")
    # Without bounds here: what breaks one is told by `narrow` in a sentence, and not by Dagster with a library's text.
    limit: int | None = Field(
        default=None, description="quote at most so many numbers, such as a first ten: `limit: 10`"
    )
    max_spend: str | None = Field(default=None, description='spend at most this much in this run: `max_spend: "5 EUR"`')
    quote: str | None = Field(
        default=None, description=f"this quote and nothing else; quote says its id: `quote: {ID}`"
    )
    approve_up_to: str | None = Field(
        default=None,
        description='approve the quote of this run up to an amount: `approve_up_to: "5 EUR"`; or up to what it says '
        "itself: `approve_up_to: max`",
    )

    def narrow(self, config: Config) -> Narrow:
        """The limits as the quote understands them; raises ConfigError for what there is not."""
        up_to = None if self.approve_up_to == "max" else self.approve_up_to
        for name, amount in (("max_spend", self.max_spend), ("approve_up_to", up_to)):
            _check_amount(name, amount)
        return narrowed(config, self.sources, self.countries, self.limit)

    @property
    def asked(self) -> str:
        """What a run is asked to approve, in words: two runs with the same words may be one click, or one try more."""
        given = {
            "sources": ", ".join(self.sources),
            "countries": ", ".join(self.countries),
            "limit": self.limit,
            "max_spend": self.max_spend,
            "approve_up_to": self.approve_up_to,
        }
        return "; ".join(f"{name} {value}" for name, value in given.items() if value not in (None, ""))

    @property
    def narrows(self) -> bool:
        """Whether this run is about less than everything; then older approvals are not its business."""
        return bool(self.sources or self.countries or self.limit is not None)

    def ceiling(self) -> Money | None:
        """The most that this run may spend."""
        return Money.parse(self.max_spend) if self.max_spend else None


def _check_amount(name: str, text: str | None) -> None:
    if text is None:
        return
    try:
        money = Money.parse(text)
    except MoneyError as error:
        raise ConfigError(f"{name}: {error}") from None
    if money.amount < 0:
        raise ConfigError(f"{name}: expected an amount that is not negative, not {money}")


@contextmanager
def plainly(failed: Callable[[str], None] | None = None) -> Iterator[None]:
    """Turn a user's mistake into a failure with one plain sentence; `failed` hears it too."""
    try:
        yield
    except (RingfenceError, OSError) as error:
        # Of the machine's errors (a full disk, a missing right) only file and cause: the user can mend those too.
        told = f"{error.filename or 'the machine'}: {error.strerror or error}" if isinstance(error, OSError) else error
        sentence = redact.redact(str(told))
        if failed:
            failed(sentence)
        raise dg.Failure(sentence, allow_retries=False) from None
    except (dg.Failure, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001 - raised again at once
        # Texts of libraries may quote a cell or a number, and Dagster keeps every cause: it gets one masked text.
        raise UnexpectedError(redact.redact("".join(traceback.format_exception(error)))) from None


class UnexpectedError(Exception):
    """Something that is not the user's mistake; the message is the whole traceback with numbers and secrets masked."""


@contextmanager
def step(house: House, context: dg.AssetExecutionContext, phase: str) -> Iterator[Launch]:
    """Run a step of a launch and say how far it is."""
    with plainly():
        launch = house.enter(context)
    with plainly(lambda sentence: progress.failed(launch.ledger, launch.launch_id, sentence)):
        progress.phase(launch.ledger, launch.launch_id, phase)
        yield launch


def launchpad(run: dg.DagsterRun) -> str | None:
    """The page of the UI that launches job enrich; None for a run that was not started from a UI's workspace."""
    origin = run.remote_job_origin
    if origin is None:
        return None
    return f"/locations/{quote(origin.repository_origin.code_location_origin.location_name)}/jobs/enrich/playground"


def fail_runs(instance: dg.DagsterInstance, run_ids: list[str]) -> None:
    """Mark runs whose process is gone as failed, so that they do not fill the run queue."""
    for run_id in run_ids:
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            instance.report_run_failed(run, "the process of this run is gone; its lookups were decided by a later run")
