"""A slip as lines of a width: broken where Chinese and Latin text may be broken, values flush right."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from drivers.contracts.printer import Align, Field, Rule, Text
from drivers.printer.encoding import clean, width

# What must not begin a line, and what must not end one.
_NOT_FIRST: Final = frozenset("，。、；：？！）》」』】〕”’％·…—,.;:?!)%]}")
_NOT_LAST: Final = frozenset("（《「『【〔“‘￥([{")
# A run of Latin text may be parted behind a hyphen or a slash.
_ATOM: Final = re.compile(r" +|[!-~]*?[-/](?=[!-~])|[!-~]+|[^ -~]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text.

    Attributes:
        text: what it says; never wider than the paper.
        align: where it stands.
        large: double height and width.
        bold: emphasised.
    """

    text: str
    align: Align = Align.LEFT
    large: bool = False
    bold: bool = False


def lines(element: Text | Field | Rule, columns: int) -> tuple[Line, ...]:
    """An element's lines on paper of so many columns."""
    match element:
        case Text():
            return tuple(_paragraph(element, columns))
        case Field():
            return tuple(Line(text) for text in _field(clean(element.label), clean(element.value), columns))
        case Rule():
            return (Line("-" * columns),)


def break_text(text: str, columns: int) -> list[str]:
    """Break cleaned text into lines of at most `columns`; blanks at a break go."""
    return [line for paragraph in text.split("\n") for line in _fill(list(_atoms(paragraph, columns)), columns)]


def _paragraph(element: Text, columns: int) -> Iterator[Line]:
    room = columns // 2 if element.large else columns
    text = clean(element.text)
    broken = break_text(text, room)
    if element.align is Align.CENTRE:
        broken = _balanced(text, broken, room)
    for line in broken:
        yield Line(line, element.align, element.large, element.bold)


def _balanced(text: str, broken: list[str], columns: int) -> list[str]:
    """As many lines, but about equally long, so that no single character is left on the last one."""
    whole = max((width(atom.strip()) for line in text.split("\n") for atom in _atoms(line, columns)), default=1)
    for narrower in range(columns - 1, whole - 1, -1):
        tried = break_text(text, narrower)
        if len(tried) > len(broken):
            break
        broken = tried
    return broken


def _field(label: str, value: str, columns: int) -> Iterator[str]:
    if "\n" not in value and width(label) + 1 + width(value) <= columns:
        yield label + " " * (columns - width(label) - width(value)) + value
        return
    yield from break_text(label, columns)
    for line in _balanced(value, break_text(value, columns), columns):
        yield " " * (columns - width(line)) + line


def _atoms(text: str, columns: int) -> Iterator[str]:
    """The pieces that stay whole: words, Chinese characters with their punctuation; too long a word is cut."""
    held = ""
    for found in _ATOM.findall(text):
        joins = bool(held) and (held[-1] in _NOT_LAST or found[0] in _NOT_FIRST) and width(held + found) <= columns
        if held and not joins:
            yield from _cut(held, columns)
            held = ""
        held += found
    yield from _cut(held, columns)


def _cut(atom: str, columns: int) -> Iterator[str]:
    while width(atom) > columns:
        room = next(end for end in range(len(atom), 0, -1) if end == 1 or width(atom[:end]) <= columns)
        yield atom[:room]
        atom = atom[room:]
    if atom:
        yield atom


def _fill(atoms: list[str], columns: int) -> Iterator[str]:
    line = ""
    for atom in atoms:
        if line and width(line) + width(atom.rstrip()) > columns:
            yield line.rstrip()
            line = atom.lstrip()
        else:
            line += atom
    yield line.rstrip()
