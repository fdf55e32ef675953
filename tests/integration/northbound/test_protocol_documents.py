"""The committed protocol is what the models say, other tools can read it, and messages keep to it."""

import json
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from services.northbound import protocol
from services.northbound.messages import DeviceHealth, DeviceStatus, Disk, PointDetail, PointStatus, Receipt
from tests.support import way

DOCS = way.ROOT / "docs" / "protocol"
PARSER = "@asyncapi/parser@3.6.3"
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)

_PARSE = """
const { Parser } = require("@asyncapi/parser");
let text = "";
process.stdin.on("data", (chunk) => { text += chunk; }).on("end", async () => {
  const { document, diagnostics } = await new Parser().parse(text);
  const complaints = diagnostics.filter((found) => found.severity <= 1).map((found) => found.message);
  const addresses = document ? document.allChannels().all().map((channel) => channel.address()) : [];
  console.log(JSON.stringify({ complaints, addresses }));
});
"""


def test_the_committed_documents_are_what_the_models_say() -> None:
    for name, text in protocol.documents().items():
        committed = (DOCS / name).read_text(encoding="utf-8")
        assert committed == text, f"docs/protocol/{name} has drifted: run python -m services.northbound.protocol"


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((DOCS / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def test_what_is_sent_keeps_to_the_schemas(tmp_path: Path) -> None:
    with way.point(tmp_path / "point") as point:
        made = point.certify()
        with point.database.read() as connection:
            envelope = json.loads(connection.execute("SELECT envelope FROM record").fetchone()[0])
    detail = PointDetail(
        clock_trusted=True,
        versions={"kiosk": "0.1.0"},
        devices=(DeviceStatus(name="fingerprint", health=DeviceHealth.READY, since=NOW),),
        pending=0,
        refused=0,
        disk=Disk(free=1, total=2),
    )
    status = PointStatus(point=made.point, epoch=made.epoch, online=True, time=NOW, detail=detail)
    receipt = Receipt(point=made.point, epoch=made.epoch, through=1, head=made.hash, time=NOW)

    validator("Envelope").validate(envelope)
    validator("PointStatus").validate(status.model_dump(mode="json"))
    validator("Receipt").validate(receipt.model_dump(mode="json"))
    assert not validator("Envelope").is_valid({**envelope, "seq": 0})
    assert not validator("Envelope").is_valid({**envelope, "body": {"kind": "pension.dream"}})


def parser_folder() -> Path:
    """Where the parser is installed, outside this repository; installed once for each user and version."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js with npm is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "village-kiosk"
    folder = cache / PARSER.replace("/", "+")
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=cache))
        command = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(fresh), PARSER)
        installed = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        if installed.returncode:
            shutil.rmtree(fresh)
            pytest.skip(f"npm cannot install {PARSER}: {installed.stderr.strip()[-300:]}")
        try:
            fresh.rename(folder)
        except OSError:  # another test run was faster
            shutil.rmtree(fresh)
    return folder


def parse(text: str) -> dict[str, Any]:
    answer = subprocess.run(
        ("node", "-e", _PARSE), cwd=parser_folder(), input=text, capture_output=True, text=True, timeout=60, check=True
    )
    parsed: dict[str, Any] = json.loads(answer.stdout)
    return parsed


def test_the_asyncapi_parser_accepts_the_document_and_finds_every_channel() -> None:
    parsed = parse((DOCS / "asyncapi.json").read_text(encoding="utf-8"))

    assert parsed["complaints"] == []
    assert sorted(parsed["addresses"]) == [
        "kiosk/{county}/v1/{point}/down/receipt",
        "kiosk/{county}/v1/{point}/up/alarm",
        "kiosk/{county}/v1/{point}/up/pension",
        "kiosk/{county}/v1/{point}/up/status",
    ]


def test_the_asyncapi_parser_complains_about_a_broken_document() -> None:
    broken = json.loads((DOCS / "asyncapi.json").read_text(encoding="utf-8"))
    broken["operations"]["send_receipt"]["channel"]["$ref"] = "#/channels/nowhere"

    assert parse(json.dumps(broken))["complaints"]
