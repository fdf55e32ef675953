"""Chinese characters by their sound, so that a clerk can write a name on a touchscreen without any other keyboard.

The readings are pypinyin's table, read as data; its code is never imported. Common family names come first, then what
everybody knows: GB 2312-80 holds the 3755 most common ones in its rows 16 to 55, and the 3008 next ones after them.
"""

import json
import threading
import unicodedata
from collections import defaultdict
from importlib.metadata import files
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request

_TABLE: Final = "pypinyin/pinyin_dict.json"
#: Family names that most people have.
_SURNAMES: Final = frozenset(
    "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪"
    "田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文冉向覃牟"
)
_SECOND_LEVEL: Final = 0xD8  # the first byte in EUC-CN of row 56
_RARE: Final = 2
_MOST: Final = 400  # characters that are offered; the longest list has about as many


def spelt(reading: str) -> str:
    """A reading as it is typed: without its tone, and with v for ü."""
    letters = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(letter for letter in letters if "a" <= letter <= "z")


def _level(character: str) -> int:
    if character in _SURNAMES:
        return -1
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return _RARE
    return int(code[0] >= _SECOND_LEVEL)


class Pinyin:
    """Finds characters. The table is read when it is asked for the first time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, str] | None = None

    def characters(self, sound: str) -> str:
        """The characters that are read so, the best known first; empty where there are none.

        Args:
            sound: a syllable in small letters without its tone, such as `zhang` or `lv`.
        """
        with self._lock:
            if self._found is None:
                self._found = _index()
        return self._found.get(sound, "")[:_MOST]


def _index() -> dict[str, str]:
    table = next((file for file in files("pypinyin") or () if str(file) == _TABLE), None)
    if table is None:
        raise FileNotFoundError(_TABLE)
    readings: dict[str, str] = json.loads(Path(str(table.locate())).read_text(encoding="utf-8"))
    found: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for code, text in readings.items():
        character = chr(int(code, 0))
        level = _level(character)
        for place, sound in enumerate(dict.fromkeys(map(spelt, text.split(",")))):
            found[sound].append((level, min(place, 1), character))
    return {sound: "".join(character for _, _, character in sorted(entries)) for sound, entries in found.items()}


def pinyin_pages() -> Blueprint:
    """The route."""
    pinyin = Pinyin()
    pages = Blueprint("pinyin", __name__)

    @pages.get("/pinyin")
    def look_up() -> Response:
        return Response(pinyin.characters(request.args.get("sound", "")), mimetype="text/plain")

    return pages
