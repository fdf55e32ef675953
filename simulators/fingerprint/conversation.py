"""What the module says to the host: it reads packets, carries out commands and answers, one session after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.fingerprint import instructions, wire
from simulators.fingerprint.faults import FaultKind, FaultSwitch, distort
from simulators.fingerprint.journal import Exchange, Journal
from simulators.fingerprint.line import SerialLine, UnpluggedError
from simulators.fingerprint.memory import Confirmation, Memory, Reply
from simulators.fingerprint.profiles import Operation

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_PACKET_GAP = 0.5
"""Seconds after which the rest of a packet that only began is no longer awaited."""


class Conversation:
    """One session on the line, from plugging in to pulling the plug."""

    def __init__(
        self,
        line: SerialLine,
        session: int,
        *,
        memory: Memory,
        faults: FaultSwitch,
        lock: threading.Condition,
        journal: Journal,
    ) -> None:
        """Prepare to talk.

        Args:
            line: The line.
            session: The line's session.
            memory: What commands work on; touched only with ``lock`` held.
            faults: What is wrong with the module.
            lock: Guards ``memory``.
            journal: Where commands and answers are recorded.
        """
        self._session = session
        self._line = line
        self._memory = memory
        self._faults = faults
        self._lock = lock
        self._journal = journal
        self._reader = wire.PacketReader()
        self._incoming = bytearray()
        self._take_incoming: Callable[[bytes], None] | None = None

    def hold(self) -> None:
        """Talk until the plug is pulled.

        Raises:
            UnpluggedError: Always, in the end.
        """
        while True:
            baud = self._memory.flash.parameters.baud
            data = self._line.read(self._session, baud, _PACKET_GAP if self._reader.partial else None)
            if not data:
                self._reader.reset()
            for packet in self._reader.feed(data):
                self._serve(packet)

    def _serve(self, packet: wire.Packet | wire.BrokenPacket) -> None:
        parameters = self._memory.flash.parameters
        if packet.address != parameters.address:
            return  # meant for another module on the line
        if isinstance(packet, wire.BrokenPacket):
            self._take_incoming = None
            self._answer(Reply(Confirmation.PACKET_ERROR), parameters.address, parameters.baud)
        elif packet.kind is wire.PacketKind.COMMAND:
            self._take_incoming = None
            if packet.payload:
                self._obey(packet.payload[0], packet.payload[1:])
        else:
            self._receive(packet)

    def _obey(self, code: int, arguments: bytes) -> None:
        number = self._journal.begin()
        parameters = self._memory.flash.parameters
        self._faults.begin(code)
        reply: Reply | None = None
        try:
            self._line.wait(self._session, instructions.exposure(self._memory, code))
            with self._lock:
                reply = instructions.execute(self._memory, code, arguments)
            if reply is not None:
                self._incoming, self._take_incoming = bytearray(), reply.expects
                self._answer(reply, self._answering_address(code, parameters.address), parameters.baud)
                if reply.resets:
                    self._reset()
        finally:
            self._faults.begin(None)
            operation = self._memory.profile.operation(code)
            confirmation = None if reply is None else reply.confirmation
            self._journal.record(Exchange(number, code, operation, confirmation))

    def _answering_address(self, code: int, before: int) -> int:
        profile = self._memory.profile
        moves = profile.operation(code) is Operation.SET_ADDRESS and profile.new_address_acknowledges
        return self._memory.flash.parameters.address if moves else before

    def _reset(self) -> None:
        with self._lock:
            self._memory.power_up()
        profile, parameters = self._memory.profile, self._memory.flash.parameters
        self._line.write(self._session, profile.powers_up_with, parameters.baud)

    def _receive(self, packet: wire.Packet) -> None:
        if self._take_incoming is None:
            return  # data nobody asked for
        self._incoming += packet.payload
        if packet.kind is wire.PacketKind.END_OF_DATA:
            with self._lock:
                self._take_incoming(bytes(self._incoming))
            self._take_incoming = None

    def _answer(self, reply: Reply, address: int, baud: int) -> None:
        payload = bytes([reply.confirmation]) + reply.payload
        answer = wire.encode(wire.Packet(address, wire.PacketKind.ACKNOWLEDGE, payload))
        if reply.data is not None:
            size = self._memory.flash.parameters.packet_size
            answer += b"".join(wire.encode_data(address, reply.data, size))
        fault = self._faults.spend()
        if fault is not None:
            answer = distort(answer, fault)
            if fault.kind is FaultKind.SLOW:
                self._line.hold(self._session, fault.delay)
        last = self._faults.bytes_before_unplug(len(answer))
        self._line.write(self._session, answer[:last], baud)
        if last is not None:
            raise UnpluggedError
