"""The error of this family below its adapter: a fault and the maker's words, not yet bound to a device's name."""

from drivers.contracts.errors import Fault


class PrinterError(Exception):
    """An exchange with the printer failed; the adapter turns it into a `DeviceError`.

    Attributes:
        fault: what went wrong.
        detail: the printer's bytes or the system's words, for the log.
    """

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(f"{fault}: {detail}" if detail else str(fault))
        self.fault = fault
        self.detail = detail
