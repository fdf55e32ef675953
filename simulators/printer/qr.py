"""QR codes as the printer draws them by itself (``GS ( k``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import qrcode

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEVELS = {
    48: qrcode.ERROR_CORRECT_L,
    49: qrcode.ERROR_CORRECT_M,
    50: qrcode.ERROR_CORRECT_Q,
    51: qrcode.ERROR_CORRECT_H,
}


def symbol(data: bytes, *, module: int, level: int) -> NDArray[np.bool_]:
    """The dots of a symbol, without a margin, as ``GS ( k`` prints it.

    Args:
        data: What it says.
        module: Dots a module.
        level: Error correction, 48 to 51 for L, M, Q and H.

    Raises:
        ValueError: It does not fit into a QR code.
    """
    code = qrcode.QRCode(error_correction=_LEVELS.get(level, qrcode.ERROR_CORRECT_L), box_size=1, border=0)
    code.add_data(data, optimize=0)
    code.make(fit=True)
    modules = np.asarray(code.get_matrix(), dtype=np.bool_)
    return modules.repeat(module, axis=0).repeat(module, axis=1)
