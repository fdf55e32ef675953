"""Receipt printers that understand ESC/POS, over serial, network and USB."""

from drivers.printer.receipts import open_receipt_printer

__all__ = ["open_receipt_printer"]
