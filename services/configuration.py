"""Configuration files: TOML, read into frozen models. An unknown key or a bad value names the line to mend."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)

_KEY_LINE: Final = r"^\s*{key}\s*="
_TABLE_LINE: Final = r"^\s*\[\s*{table}\s*\]"


class ConfigError(Exception):
    """The configuration cannot be used; every complaint names file, line and key."""


def read(path: Path, model: type[M]) -> M:
    """Read a file.

    Args:
        path: the file.
        model: what it has to say.

    Raises:
        ConfigError: it cannot be read, is not TOML, or has keys and values that do not fit; all of them are named.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise ConfigError("\n".join(_complaint(path, text, complaint) for complaint in error.errors())) from error


def complain(path: Path, table: str, key: str, message: str) -> ConfigError:
    """The error for a key that only its user could judge, such as a driver, with the line it stands on."""
    text = path.read_text(encoding="utf-8")
    return ConfigError(_place(path, text, (table, key)) + message)


def _complaint(path: Path, text: str, complaint: Any) -> str:
    keys = tuple(str(part) for part in complaint["loc"])
    message = "unknown key" if complaint["type"] == "extra_forbidden" else complaint["msg"]
    return _place(path, text, keys) + message


def _place(path: Path, text: str, keys: tuple[str, ...]) -> str:
    line = _line_of(text, keys)
    where = f"{path}:{line}" if line else str(path)
    return f"{where}: {'.'.join(keys)}: "


def _line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """The line of the last of `keys`, or of its table where the key is missing, counted from 1."""
    lines = text.splitlines()
    table = _first(lines, _TABLE_LINE.format(table=re.escape(keys[0])), 0)
    if len(keys) == 1:
        return table or _first(lines, _KEY_LINE.format(key=re.escape(keys[0])), 0)
    if table is None:
        return None
    return _first(lines, _KEY_LINE.format(key=re.escape(keys[1])), table) or table


def _first(lines: list[str], pattern: str, start: int) -> int | None:
    for number, line in enumerate(lines[start:], start + 1):
        if re.match(pattern, line):
            return number
        if start and re.match(r"^\s*\[", line):
            return None
    return None
