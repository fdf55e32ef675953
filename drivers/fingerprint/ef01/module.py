"""A module as a client of the protocol sees it: one method an instruction, typed answers, no policy."""

from threading import Event
from typing import TYPE_CHECKING, Final

from drivers.contracts.errors import Fault
from drivers.contracts.fingerprint import SlotMatch
from drivers.fingerprint.ef01 import confirmation
from drivers.fingerprint.ef01.faults import EF01Error
from drivers.fingerprint.ef01.instructions import (
    BAUD_UNIT,
    NOTEPAD_PAGE,
    PATIENCE,
    PROMPT,
    Instruction,
    ProductInfo,
    SystemParameter,
    SystemParameters,
    occupied_slots,
)
from drivers.fingerprint.ef01.link import Link

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the longest data may take on the line, twice over: an image of 256 x 288, a template or the flash page.
_IMAGE_BITS: Final = 2 * 420_000
_SMALL_DATA_BITS: Final = 2 * 40_000

# Seconds: an instruction that a module knows is answered at once, one that it does not know perhaps never.
_PROBE_PATIENCE: Final = 0.4


class Module:
    """The instructions of the family, for a module whose packets `link` carries.

    Every method raises `EF01Error`: the fault behind the confirmation code, or a fault of the line.

    Attributes:
        link: the exchange below.
        packet_bytes: payload of a data packet as the module is set; learned by `read_parameters`.
        faults_of_make: the confirmation codes of this make, once its dialect is known.
    """

    def __init__(self, link: Link, password: int = 0) -> None:
        self.link = link
        self.packet_bytes = 32
        self.faults_of_make: Mapping[int, Fault] = confirmation.COMMON
        self._password = password

    # The module itself.

    def verify_password(self) -> None:
        """Show the password; the cheapest way to ask whether the module is there."""
        self._do(Instruction.VFY_PWD, self._password.to_bytes(4, "big"))

    def set_password(self, password: int) -> None:
        """Give the module another password; it is kept through a loss of power."""
        self._do(Instruction.SET_PWD, password.to_bytes(4, "big"))
        self._password = password

    def read_parameters(self) -> SystemParameters:
        """Read the system parameters."""
        data = self._do(Instruction.READ_SYS_PARA)
        try:
            parameters = SystemParameters.parse(data)
        except ValueError as error:
            raise EF01Error(Fault.BAD_REPLY, str(error)) from error
        self.packet_bytes = parameters.packet_bytes
        return parameters

    def set_baud(self, baud: int) -> None:
        """Make the module talk at another speed, from its next answer on and after a loss of power too."""
        self._do(Instruction.SET_SYS_PARA, bytes([SystemParameter.BAUD, baud // BAUD_UNIT]))

    def random_number(self) -> int:
        """A 32-bit random number of the module."""
        return int.from_bytes(self._do(Instruction.GET_RANDOM_CODE, answer=4), "big")

    def read_information_page(self) -> bytes:
        """The flash page with the maker's particulars, 512 bytes; its layout is the maker's."""
        self._do(Instruction.READ_INF_PAGE)
        return self._receive(_SMALL_DATA_BITS)

    def product_info(self) -> ProductInfo | None:
        """The particulars of a GROW module; `None` on any other make."""
        answer = self._probe(bytes([Instruction.READ_PROD_INFO]))
        try:
            return ProductInfo.parse(answer)
        except ValueError:
            return None

    def chip_serial(self) -> str | None:
        """The serial number of a Synochip module; `None` on any other make."""
        answer = self._probe(bytes([Instruction.GET_CHIP_SN, 0]))
        return answer.hex() if len(answer) == 32 else None

    # Image and features.

    def take_image(self) -> bool:
        """Take an image of the finger into the image buffer; false when there is no finger."""
        code, _ = self._exchange(Instruction.GEN_IMG)
        if code not in {confirmation.OK, confirmation.NO_FINGER}:
            raise self._failure(Instruction.GEN_IMG, code)
        return code == confirmation.OK

    def extract(self, buffer: int) -> None:
        """Compute the features of the image into a character buffer."""
        self._do(Instruction.IMG_2_TZ, bytes([buffer]))

    def upload_image(self, cancel: Event | None = None) -> bytes:
        """The image buffer, two pixels a byte."""
        self._do(Instruction.UP_IMAGE)
        return self._receive(_IMAGE_BITS, cancel)

    def download_image(self, data: bytes) -> None:
        """Put an image into the image buffer, two pixels a byte."""
        self._do(Instruction.DOWN_IMAGE)
        self.link.send_data(data, self.packet_bytes)

    def upload_features(self, buffer: int) -> bytes:
        """The contents of a character buffer."""
        self._do(Instruction.UP_CHAR, bytes([buffer]))
        return self._receive(_SMALL_DATA_BITS)

    def download_features(self, buffer: int, data: bytes) -> None:
        """Put features or a template into a character buffer."""
        self._do(Instruction.DOWN_CHAR, bytes([buffer]))
        self.link.send_data(data, self.packet_bytes)

    def combine(self) -> None:
        """Make a template of the features in all character buffers; it lies in each of them then."""
        self._do(Instruction.REG_MODEL)

    def match(self) -> int | None:
        """Compare buffers 1 and 2; the score, or `None` when they do not match."""
        answer = self._search(Instruction.MATCH, b"", answer=2)
        return None if answer is None else int.from_bytes(answer, "big")

    # The library.

    def search(self, buffer: int, start: int, count: int) -> SlotMatch | None:
        """Look for the finger in a buffer among `count` slots from `start`; `None` when it is not there."""
        return self._find(Instruction.SEARCH, buffer, start, count)

    def search_fast(self, buffer: int, start: int, count: int) -> SlotMatch | None:
        """The same by the quicker search, which some makes lack and which wants a good impression."""
        return self._find(Instruction.HIGH_SPEED_SEARCH, buffer, start, count)

    def store(self, buffer: int, slot: int) -> None:
        """Keep the template of a buffer in a slot."""
        self._do(Instruction.STORE, bytes([buffer]) + slot.to_bytes(2, "big"))

    def load(self, buffer: int, slot: int) -> None:
        """Put the template of a slot into a buffer."""
        self._do(Instruction.LOAD_CHAR, bytes([buffer]) + slot.to_bytes(2, "big"))

    def delete(self, slot: int, count: int = 1) -> None:
        """Empty slots."""
        self._do(Instruction.DELET_CHAR, slot.to_bytes(2, "big") + count.to_bytes(2, "big"))

    def empty(self) -> None:
        """Empty the whole library."""
        self._do(Instruction.EMPTY)

    def count_templates(self) -> int:
        """How many slots hold a template."""
        return int.from_bytes(self._do(Instruction.TEMPLATE_NUM, answer=2), "big")

    def read_index(self, page: int) -> frozenset[int]:
        """The occupied slots among the 256 of a page."""
        return occupied_slots(page, self._do(Instruction.READ_INDEX_TABLE, bytes([page]), answer=32))

    # The notepad.

    def read_notepad(self, page: int) -> bytes:
        """A page of the notepad, 32 bytes."""
        return self._do(Instruction.READ_NOTEPAD, bytes([page]), answer=NOTEPAD_PAGE)

    def write_notepad(self, page: int, data: bytes) -> None:
        """Write a page of the notepad."""
        self._do(Instruction.WRITE_NOTEPAD, bytes([page]) + data)

    def _find(self, instruction: Instruction, buffer: int, start: int, count: int) -> SlotMatch | None:
        parameters = bytes([buffer]) + start.to_bytes(2, "big") + count.to_bytes(2, "big")
        answer = self._search(instruction, parameters, answer=4)
        if answer is None:
            return None
        return SlotMatch(int.from_bytes(answer[:2], "big"), int.from_bytes(answer[2:], "big"))

    def _search(self, instruction: Instruction, parameters: bytes, answer: int) -> bytes | None:
        """Carry out an instruction for which "not found" is a good answer."""
        code, data = self._exchange(instruction, parameters)
        if code in {confirmation.NO_MATCH, confirmation.NOT_FOUND}:
            return None
        return self._checked(instruction, code, data, answer)

    def _do(self, instruction: Instruction, parameters: bytes = b"", answer: int | None = None) -> bytes:
        """Carry out an instruction; what follows the confirmation code, of `answer` bytes where that is known."""
        code, data = self._exchange(instruction, parameters)
        return self._checked(instruction, code, data, answer)

    def _checked(self, instruction: Instruction, code: int, data: bytes, answer: int | None) -> bytes:
        if code != confirmation.OK:
            raise self._failure(instruction, code)
        if answer is not None and len(data) != answer:
            self.link.doubt()
            raise EF01Error(Fault.BAD_REPLY, f"{instruction.name} answered by {len(data)} bytes")
        return data

    def _exchange(self, instruction: Instruction, parameters: bytes = b"") -> tuple[int, bytes]:
        """Confirmation code and what follows it.

        A command that the module did not receive well is sent once more: it has had no effect. (Some optical modules
        also send that code unasked after a template was downloaded; the link then settles before it asks again.)
        """
        payload = bytes([instruction]) + parameters
        seconds = PATIENCE.get(instruction, PROMPT)
        answer = self.link.command(payload, seconds)
        if answer[0] == confirmation.NOT_RECEIVED:
            self.link.doubt()
            answer = self.link.command(payload, seconds)
        elif answer[0] == confirmation.PASSWORD_WANTED and instruction is not Instruction.VFY_PWD:
            self.verify_password()
            answer = self.link.command(payload, seconds)
        return answer[0], answer[1:]

    def _probe(self, payload: bytes) -> bytes:
        """What a module that may not know an instruction answers after an `OK`, else nothing."""
        try:
            answer = self.link.command(payload, _PROBE_PATIENCE)
        except EF01Error as error:
            if error.fault is Fault.UNPLUGGED:
                raise
            return b""
        return answer[1:] if answer[0] == confirmation.OK else b""

    def _receive(self, bits: int, cancel: Event | None = None) -> bytes:
        return self.link.receive_data(1.0 + bits / self.link.baud, cancel)

    def _failure(self, instruction: Instruction, code: int) -> EF01Error:
        return EF01Error(
            confirmation.fault_of(code, self.faults_of_make), f"{instruction.name} confirmed with {code:02X}h"
        )
