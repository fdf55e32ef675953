"""What the module was told and what it answered, for whoever watches it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.fingerprint.profiles import Operation


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command the module has dealt with, its answer on the wire."""

    number: int
    """Counts from 1, in the order the commands came."""
    instruction: int
    operation: Operation | None
    """None for an instruction the make does not know."""
    confirmation: int | None
    """None when the module had nothing to say."""


class Journal:
    """Every exchange in order. May be used from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._begun = 0
        self._exchanges: list[Exchange] = []

    @property
    def mark(self) -> int:
        """How many commands have come. Whoever has an answer in hand has a mark behind that command."""
        with self._changed:
            return self._begun

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every command dealt with so far."""
        with self._changed:
            return tuple(self._exchanges)

    def begin(self) -> int:
        """A command has come; its number."""
        with self._changed:
            self._begun += 1
            return self._begun

    def record(self, exchange: Exchange) -> None:
        """A command has been dealt with."""
        with self._changed:
            self._exchanges.append(exchange)
            self._changed.notify_all()

    def wait_for(
        self, wanted: int | Operation, *, after: int | None, confirmation: int | None, timeout: float
    ) -> Exchange:
        """Wait for an exchange; see ``FingerprintModule.wait_for``."""
        with self._changed:
            mark = self._begun if after is None else after

            def found() -> Exchange | None:
                for exchange in self._exchanges[mark:]:
                    same = wanted in (exchange.operation, exchange.instruction)
                    if same and confirmation in (None, exchange.confirmation):
                        return exchange
                return None

            exchange = self._changed.wait_for(found, timeout)
            if exchange is None:
                raise TimeoutError(f"no {wanted} within {timeout} s; the module saw {self._exchanges[mark:]}")
            return exchange
