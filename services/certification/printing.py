"""Prints slips and keeps how far each one is, so that a power cut never prints one twice in silence."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import DeviceError, Fault
from drivers.contracts.printer import ReceiptPrinter
from services.certification.ledger import Ledger
from services.certification.residents import Residents
from services.certification.rules import Rules
from services.certification.slip import certification_slip
from services.certification.views import Problem, SlipState
from services.clock import Clock
from services.store import audit
from services.store.database import Database

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

_PROBLEMS: Final = {
    Fault.PAPER_OUT: Problem.PRINTER_PAPER_OUT,
    Fault.COVER_OPEN: Problem.PRINTER_COVER_OPEN,
}


class PrinterHandle(Protocol):
    """The part of a `DeviceHandle` that is used here."""

    def submit(self, operation: Callable[[ReceiptPrinter], T], *, name: str, deadline: Deadline) -> Future[T]:
        """Have the owning thread do something with the printer."""
        ...


class SlipDesk:
    """Prints slips, one after the other, in a thread of its own.

    The state is stored before the printer is asked (`printing`) and after it has answered (`printed`, `failed`). What
    is found `printing` at start was interrupted, and nobody knows what is on paper.
    """

    def __init__(
        self, *, printer: PrinterHandle, database: Database, ledger: Ledger, residents: Residents, rules: Rules,
        clock: Clock,
    ) -> None:  # fmt: skip
        """Nothing is printed before `print`."""
        self._printer = printer
        self._database = database
        self._ledger = ledger
        self._residents = residents
        self._rules = rules
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="slips")

    def print(self, certification_id: str, changed: Callable[[str], None]) -> None:
        """Print a certification's slip; an attempt after the first is marked as a copy.

        Args:
            certification_id: whose slip.
            changed: gets the id after every change of the slip's state, in the desk's thread.
        """
        with suppress(RuntimeError):  # stopping: the slip stays as it is, and can be printed after the next start
            self._thread.submit(self._print, certification_id, changed)

    def close(self) -> None:
        """Let the slip that is being printed end."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _print(self, certification_id: str, changed: Callable[[str], None]) -> None:
        try:
            certified = self._ledger.get(certification_id)
            if certified.slip is SlipState.PRINTING:
                return  # a second tap
            slip = certification_slip(certified, self._residents.get(certified.resident_id), self._rules)
            self._mark(certification_id, SlipState.PRINTING)
            changed(certification_id)
            problem = self._put_on_paper(lambda printer, deadline: printer.print_slip(slip, deadline))
            self._mark(certification_id, SlipState.FAILED if problem else SlipState.PRINTED, problem)
        except Exception:
            _LOG.exception("the slip of certification %s", certification_id)
        changed(certification_id)

    def _put_on_paper(self, act: Callable[[ReceiptPrinter, Deadline], None]) -> Problem | None:
        deadline = Deadline.after(self._rules.print_s)
        try:
            self._printer.submit(lambda printer: act(printer, deadline), name="print", deadline=deadline).result()
        except DeviceError as error:
            _LOG.warning("%s", error)
            return _PROBLEMS.get(error.fault, Problem.PRINTER_UNAVAILABLE)
        except Exception:
            _LOG.exception("the printer's driver failed in an unforeseen way")
            return Problem.PRINTER_UNAVAILABLE
        return None

    def _mark(self, certification_id: str, state: SlipState, problem: Problem | None = None) -> None:
        begun = state is SlipState.PRINTING
        with self._database.transaction() as transaction:
            transaction.execute(
                "UPDATE slip SET state = ?, problem = ?, attempts = attempts + ?, changed_at = ?"
                " WHERE certification_id = ?",
                (state, problem, begun, self._clock.now().isoformat(), certification_id),
            )
            audit.write(
                transaction, self._clock, actor="system", action=f"slip.{state}", subject=certification_id,
                detail={"problem": problem} if problem else None,
            )  # fmt: skip
