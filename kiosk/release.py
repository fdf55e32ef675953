"""Which release this is."""

from datetime import date
from importlib.metadata import version
from typing import Final

VERSION: Final = version("village-kiosk")

#: The program did not exist before: a clock that shows an earlier date is wrong.
EARLIEST: Final = date(2026, 1, 1)
