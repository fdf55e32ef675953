"""The spoken prompts: what the renderer makes of a sound, and that every sentence is rendered as it stands."""

import hashlib
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provisioning.voice import render
from provisioning.voice.render import LOUDNESS_LUFS, PromptError, Samples

UI = Path(__file__).parents[3] / "kiosk" / "ui"
VOICE = UI / "static" / "voice"
RATE = 24_000
MOST_BYTES = 25_000

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing: apt-get install ffmpeg")
needs_prompts = pytest.mark.skipif(not (UI / "prompts.toml").exists(), reason="the screen speaks no prompts")


def measured(path: Path) -> dict[str, float]:
    """Loudness in LUFS, true peak in dBFS, length and the silence at the beginning in seconds, as ffmpeg hears them."""
    said = subprocess.run(
        ("ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af",
         "silencedetect=noise=-45dB:d=0.02,ebur128=peak=true", "-f", "null", "-"),
        capture_output=True, text=True, timeout=60, check=True,
    ).stderr  # fmt: skip
    hours, minutes, seconds = re.findall(r"Duration: (\d+):(\d+):([\d.]+)", said)[0]
    silences = re.findall(r"silence_start: (-?[\d.]+)\n.*?silence_end: ([\d.]+)", said, re.DOTALL)
    return {
        "loudness": float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1]),
        "peak": float(re.findall(r"Peak:\s+(-?[\d.]+) dBFS", said)[-1]),
        "seconds": int(hours) * 3600 + int(minutes) * 60 + float(seconds),
        "lead": max((float(end) for start, end in silences if float(start) < 0.01), default=0.0),
    }


def voice_like(seconds: float, level: float, silence_s: float = 0.0) -> Samples:
    """A sound that swells like syllables, with silence around it."""
    at = np.arange(int(seconds * RATE)) / RATE
    sound = level * np.sin(2 * np.pi * 220 * at) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))
    edge = np.zeros(int(silence_s * RATE))
    return np.concatenate((edge, sound, edge)).astype(np.float32)


def test_silence_at_both_ends_is_cut() -> None:
    trimmed = render.trim(voice_like(1.0, 0.3, silence_s=0.8))
    assert 1.0 <= len(trimmed) / RATE <= 1.25


def test_nothing_but_silence_is_an_error() -> None:
    with pytest.raises(PromptError, match="silence"):
        render.trim(np.zeros(RATE, np.float32))


@needs_ffmpeg
@pytest.mark.parametrize("level", [0.02, 0.2, 0.9])
def test_every_prompt_is_equally_loud_and_none_is_clipped(tmp_path: Path, level: float) -> None:
    path = tmp_path / "prompt.ogg"
    render.write(voice_like(2.0, level), path)
    heard = measured(path)
    assert heard["loudness"] == pytest.approx(LOUDNESS_LUFS, abs=1.0)
    assert heard["peak"] < -1.0
    assert heard["seconds"] == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("text", ['"a b" = "x"', '"../a" = "x"', "a = 1", 'a = " "', '[a]\nb = "x"'])
def test_a_prompt_that_cannot_be_a_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prompts.toml"
    path.write_text(text)
    with pytest.raises(PromptError, match=r"prompts\.toml"):
        render.read_prompts(path)


class Humming:
    """A speaker without models: each sentence is a sound as long as its words."""

    spoken: list[str]

    def __init__(self) -> None:
        self.spoken = []

    def speak(self, sentence: str) -> Samples:
        self.spoken.append(sentence)
        return voice_like(0.3 + 0.2 * len(sentence), 0.3)

    def reading(self, sentence: str) -> str:
        return f"hm {len(sentence)}"


@needs_ffmpeg
def test_only_what_has_changed_is_rendered_and_what_nobody_says_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = Humming()
    monkeypatch.setattr(render, "Speaker", lambda: speaker)
    assert render.render({"a": "甲。", "b": "乙。"}, tmp_path) == 2
    assert render.render({"a": "甲。", "b": "乙。"}, tmp_path) == 0
    assert render.render({"a": "甲。", "c": "丙。"}, tmp_path) == 1
    (tmp_path / "a.ogg").write_bytes(b"damaged")
    assert render.render({"a": "甲。", "c": "丁。"}, tmp_path) == 2
    assert speaker.spoken == ["甲。", "乙。", "丙。", "甲。", "丁。"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ogg", "c.ogg", "manifest.json"]
    entry = json.loads((tmp_path / "manifest.json").read_text())["prompts"]["a"]
    assert entry["sentence"] == "甲。"
    assert entry["sha256"] == hashlib.sha256((tmp_path / "a.ogg").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((VOICE / "manifest.json").read_text(encoding="utf-8"))["prompts"]
    return document


@needs_prompts
def test_every_sentence_is_rendered_as_it_is(manifest: dict[str, Any]) -> None:
    """When this fails: python -m provisioning.voice.render, as docs/operations.md says."""
    prompts = tomllib.loads((UI / "prompts.toml").read_text(encoding="utf-8"))
    assert {key: entry["sentence"] for key, entry in manifest.items()} == prompts
    for entry in manifest.values():
        assert hashlib.sha256((VOICE / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert {path.name for path in VOICE.glob("*.ogg")} == {entry["file"] for entry in manifest.values()}


@needs_prompts
@needs_ffmpeg
def test_every_prompt_can_be_heard_well(manifest: dict[str, Any]) -> None:
    for key, entry in manifest.items():
        path = VOICE / entry["file"]
        heard = measured(path)
        syllables = len(re.findall(r"[一-鿿]", entry["sentence"]))
        assert path.stat().st_size <= MOST_BYTES, key
        assert heard["loudness"] == pytest.approx(LOUDNESS_LUFS, abs=1.5), key
        assert heard["peak"] < -1.0, key
        assert heard["lead"] < 0.3, key
        assert 2.0 < syllables / heard["seconds"] < 5.0, key
