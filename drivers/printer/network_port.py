"""A printer on the network: raw bytes on a TCP port."""

import socket
from typing import Final

from drivers.contracts.deadline import Deadline
from drivers.contracts.errors import Fault
from drivers.printer.address import NetworkAddress
from drivers.printer.faults import PrinterError
from drivers.printer.transport import OPEN_FAULTS, SLICE, line

_CONNECT_S: Final = 5.0
_READ: Final = 4096


class NetworkTransport:
    """A raw TCP connection, kept open: printers serve one host at a time."""

    def __init__(self, address: NetworkAddress) -> None:
        try:
            self._socket = socket.create_connection((address.host, address.port), _CONNECT_S)
        except OSError as error:
            raise PrinterError(OPEN_FAULTS.get(error.errno or 0, Fault.NOT_FOUND), str(error)) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    @property
    def two_way(self) -> bool:
        """Always, as far as the system knows."""
        return True

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send bytes."""
        with line():
            self._socket.settimeout(max(deadline.remaining(), SLICE))
            self._socket.sendall(data)

    def drain(self, deadline: Deadline) -> None:
        """Nothing is known of what the network still holds."""

    def read(self) -> bytes:
        """What has arrived."""
        with line():
            self._socket.settimeout(SLICE)
            try:
                data = self._socket.recv(_READ)
            except TimeoutError:
                return b""
        if not data:
            raise PrinterError(Fault.UNPLUGGED, "the printer closed the connection")
        return data

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
