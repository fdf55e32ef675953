"""An ESC/POS receipt printer on a network port or a serial line, with paper that can be looked at.

::

    with ReceiptPrinter(columns=32, port=0, pace=math.inf) as printer:
        ...  # a host prints at printer.url
        slip = printer.wait_for_slip()
        slip.text, slip.qr_codes, slip.png()
        printer.take_paper_out()
        printer.fault(Fault(FaultKind.COVER_OPEN, after=3))

Nothing is shared with any driver: commands and status bits were written from Epson's ESC/POS reference.
"""

from simulators.printer.faults import Fault, FaultKind
from simulators.printer.makes import FULL, MAKES, MUTE, PAPERS, PLAIN, Make, Paper
from simulators.printer.paper import PrintedSlip
from simulators.printer.printer import ReceiptPrinter, Snapshot
from simulators.printer.status import State

__all__ = [
    "FULL",
    "MAKES",
    "MUTE",
    "PAPERS",
    "PLAIN",
    "Fault",
    "FaultKind",
    "Make",
    "Paper",
    "PrintedSlip",
    "ReceiptPrinter",
    "Snapshot",
    "State",
]
