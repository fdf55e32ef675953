"""Takes in what points send: commit first, then the receipts, then the broker's acknowledgement.

Killed between any two of these, the broker delivers again, the database knows what it has, and the receipt is computed
again from it.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from services.clock import Clock
from services.county import book, receipts
from services.county.judgement import SignedRecord, Unreliable, judge
from services.county.receipts import Claim
from services.county.registry import Registry
from services.northbound import topics
from services.northbound.link import Link, Published, Received
from services.northbound.messages import PointStatus

_LOG = logging.getLogger(__name__)
_IDLE_S = 60.0


@dataclass(frozen=True, slots=True)
class IngestState:
    """How the county's link is.

    Attributes:
        connected: whether the broker has us.
        version: of MQTT.
        problem: why there is no connection, or which receipt was refused last; empty when all is well.
        commits: how many batches were committed since the start.
    """

    connected: bool = False
    version: str = ""
    problem: str = ""
    commits: int = 0


class Ingest:
    """The handler of the county's connection; everything but `state` belongs to the connection's thread."""

    def __init__(self, county: str, engine: Engine, registry: Registry, clock: Clock) -> None:
        """Nothing happens before the link is up."""
        self._county = county
        self._engine = engine
        self._registry = registry
        self._clock = clock
        self._state = IngestState()
        self._link: Link | None = None
        self._batch: list[Received] = []

    @property
    def state(self) -> IngestState:
        """The newest snapshot."""
        return self._state

    def online(self, link: Link) -> None:
        """Begin anew; the broker delivers again what was not acknowledged."""
        self._link = link
        self._batch.clear()
        self._state = replace(self._state, connected=True, version=str(link.version), problem="")

    def offline(self, reason: str) -> None:
        """What was not acknowledged will come again."""
        self._link = None
        self._batch.clear()
        self._state = replace(self._state, connected=False, problem=reason)

    def received(self, message: Received) -> None:
        """Collect; `work` commits what came in one turn together."""
        self._batch.append(message)

    def published(self, answer: Published) -> None:
        """A refused receipt is asked for again by the point; somebody has to mend the broker's rules meanwhile."""
        if answer.refusal is not None:
            _LOG.error("the broker refuses a receipt: %s", answer.refusal)
            self._state = replace(self._state, problem=f"the broker refuses a receipt: {answer.refusal}")

    def work(self) -> float:
        """Commit, answer, acknowledge: in this order."""
        if self._batch and self._link is not None:
            batch, self._batch = self._batch, []
            claims = self._commit(batch)
            self._answer(self._link, claims)
            for message in batch:
                self._link.acknowledge(message)
        return _IDLE_S

    def stopping(self) -> None:
        """Nothing to say: the broker keeps the session, and what comes in it."""

    def _commit(self, batch: Sequence[Received]) -> dict[tuple[str, str], list[Claim]]:
        """Write one batch in one transaction.

        Returns:
            The records to answer, by point and epoch.
        """
        claims: dict[tuple[str, str], list[Claim]] = defaultdict(list)
        now = self._clock.now()
        verdicts = [judge(message, self._county, self._registry) for message in batch]
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            for message, verdict in zip(batch, verdicts, strict=True):
                match verdict:
                    case SignedRecord(header=header):
                        book.take_record(connection, verdict, now)
                        claims[header.point, header.epoch].append(Claim(header.seq, header.hash))
                    case PointStatus():
                        book.take_status(connection, verdict, now)
                    case Unreliable():
                        _LOG.warning("set aside: %s (%s) on %r", verdict.reason, verdict.detail, message.topic)
                        book.set_aside(connection, message, verdict, now)
        self._state = replace(self._state, commits=self._state.commits + 1)
        return claims

    def _answer(self, link: Link, claims: dict[tuple[str, str], list[Claim]]) -> None:
        with self._engine.connect() as connection:
            for (point, epoch), answered in claims.items():
                receipt = receipts.compute(connection, point, epoch, answered, self._clock.now())
                link.publish(topics.down(self._county, point, "receipt"), receipt.model_dump_json().encode())
