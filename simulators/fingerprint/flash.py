"""The module's own flash: templates, notepad, information page and parameters, kept in a file if one is given.

A file outlives the power: a module started again on the same file has its templates and its baud rate, a module
started on a new file is a replacement from the factory.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.fingerprint.profiles import Profile

NOTEPAD_PAGES = 16
NOTEPAD_PAGE_LENGTH = 32
INFORMATION_PAGE_LENGTH = 512
_FORMAT = 1


class FlashFileError(ValueError):
    """A flash file cannot be used; the message names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The settings a module remembers. Factory values are those of the manuals."""

    address: int = 0xFFFFFFFF
    password: int = 0
    security_level: int = 3
    packet_size_code: int = 2
    """Data packets carry ``32 << packet_size_code`` bytes."""
    baud_code: int = 6
    """The line runs at ``9600 * baud_code`` baud."""

    def __post_init__(self) -> None:
        limits = {
            "address": (0, 0xFFFFFFFF),
            "password": (0, 0xFFFFFFFF),
            "security_level": (1, 5),
            "packet_size_code": (0, 3),
            "baud_code": (1, 12),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{name} is {low} to {high}, not {value!r}")

    @property
    def baud(self) -> int:
        """Line speed in baud."""
        return 9600 * self.baud_code

    @property
    def packet_size(self) -> int:
        """Payload bytes of a data packet."""
        return 32 << self.packet_size_code


@dataclass
class Flash:
    """What survives the power. Every change is on disk when the call returns, if there is a file."""

    profile: Profile
    path: Path | None = None
    parameters: Parameters = field(default_factory=Parameters)
    templates: dict[int, bytes] = field(default_factory=dict)
    notepad: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path is not None and self.path.exists():
            self._load(self.path)

    def set_parameters(self, **changes: int) -> None:
        """Change parameters.

        Raises:
            ValueError: A value is outside its range; nothing is changed then.
        """
        self.parameters = replace(self.parameters, **changes)
        self._save()

    def store(self, slot: int, template: bytes) -> None:
        """Put ``template`` into ``slot``, over whatever is there."""
        if not 0 <= slot < self.profile.capacity:
            raise ValueError(f"slot {slot} of {self.profile.capacity}")
        if len(template) != self.profile.template_length:
            raise ValueError(f"a template has {self.profile.template_length} bytes, not {len(template)}")
        self.templates[slot] = template
        self._save()

    def delete(self, first: int, count: int) -> None:
        """Free ``count`` slots from ``first``."""
        for slot in range(first, first + count):
            self.templates.pop(slot, None)
        self._save()

    def empty(self) -> None:
        """Free every slot."""
        self.templates.clear()
        self._save()

    def write_notepad(self, page: int, content: bytes) -> None:
        """Write one page of ``NOTEPAD_PAGE_LENGTH`` bytes."""
        if not 0 <= page < NOTEPAD_PAGES or len(content) != NOTEPAD_PAGE_LENGTH:
            raise ValueError(f"page {page} with {len(content)} bytes")
        self.notepad[page] = content
        self._save()

    def read_notepad(self, page: int) -> bytes:
        """One page; zeros where nothing was written."""
        return self.notepad.get(page, bytes(NOTEPAD_PAGE_LENGTH))

    def information_page(self) -> bytes:
        """The page ReadInfPage sends: the make and the parameters as text, filled up with FFh."""
        text = f"{self.profile.name};{self.parameters.baud};{self.profile.capacity}".encode()
        return text.ljust(INFORMATION_PAGE_LENGTH, b"\xff")

    def _save(self) -> None:
        if self.path is None:
            return
        document = {
            "format": _FORMAT,
            "make": self.profile.name,
            "parameters": asdict(self.parameters),
            "templates": {str(slot): _to_text(data) for slot, data in sorted(self.templates.items())},
            "notepad": {str(page): _to_text(data) for page, data in sorted(self.notepad.items())},
        }
        temporary = self.path.with_name(self.path.name + ".new")
        temporary.write_text(json.dumps(document), encoding="ascii")
        temporary.replace(self.path)

    def _load(self, path: Path) -> None:
        try:
            document = json.loads(path.read_text(encoding="ascii"))
            if document["format"] != _FORMAT:
                raise ValueError(f"format {document['format']!r} is unknown")
            if document["make"] != self.profile.name:
                raise ValueError(f"it belongs to a {document['make']}, not to a {self.profile.name}")
            self.parameters = Parameters(**document["parameters"])
            self.templates = _pages(document["templates"], self.profile.capacity, self.profile.template_length)
            self.notepad = _pages(document["notepad"], NOTEPAD_PAGES, NOTEPAD_PAGE_LENGTH)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise FlashFileError(f"{path}: {error}") from error


def _to_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _pages(entries: dict[str, Any], count: int, length: int) -> dict[int, bytes]:
    pages: dict[int, bytes] = {}
    for key, text in entries.items():
        try:
            number, data = int(key), base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"entry {key!r}: {error}") from error
        if not 0 <= number < count or len(data) != length:
            raise ValueError(f"entry {key!r} has {len(data)} bytes, not {length}, or is beyond {count - 1}")
        pages[number] = data
    return pages
