"""Writes the protocol down from the message models: JSON Schemas and an AsyncAPI 3.0 document.

`python -m services.northbound.protocol FOLDER` writes both; a test fails when what is committed differs.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.northbound.messages import (
    Alarm,
    Certification,
    Enrolment,
    Envelope,
    HomeVisitRequest,
    PointStatus,
    Receipt,
    RecordBody,
)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BODIES: tuple[type[RecordBody], ...] = (Certification, Enrolment, HomeVisitRequest, Alarm)
_SENT: tuple[type[BaseModel], ...] = (Envelope, PointStatus, Receipt)
_CHANNELS = {
    "status": "The point's retained state; offline by the last will. QoS 1, retained.",
    "alarm": "Something needs attention, or no longer does. Records, QoS 1.",
    "pension": "Enrolments, certifications and what belongs to them. Records, QoS 1.",
}


def documents() -> dict[str, str]:
    """Every generated file by its name, with a line end at its end."""
    files = {f"schemas/{model.__name__}.json": _schema(model) for model in _SENT}
    files["asyncapi.json"] = _asyncapi()
    return {name: json.dumps(document, ensure_ascii=False, indent=2) + "\n" for name, document in files.items()}


def write(folder: Path) -> None:
    """Write every generated file."""
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": _DIALECT, **_plain(model.model_json_schema(mode="serialization"))}


def _plain(schema: Any) -> Any:
    """The schema without `discriminator`, which OpenAPI has as an object and JSON Schema not at all."""
    if isinstance(schema, dict):
        return {name: _plain(value) for name, value in schema.items() if name != "discriminator"}
    if isinstance(schema, list):
        return [_plain(value) for value in schema]
    return schema


def _asyncapi() -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(model, "serialization") for model in _SENT], ref_template="#/components/schemas/{model}"
    )
    channels = {name: _up(name, text) for name, text in _CHANNELS.items()}
    channels["receipt"] = {
        "address": "kiosk/{county}/v1/{point}/down/receipt",
        "description": "What the county has committed. QoS 1, not retained.",
        "parameters": _parameters(),
        "messages": {"receipt": {"$ref": "#/components/messages/Receipt"}},
    }
    return {
        "asyncapi": "3.0.0",
        "id": "urn:village-kiosk:northbound:v1",
        "info": {
            "title": "Service points and their county",
            "version": "1.0.0",
            "description": "JSON over MQTT 5, or MQTT 3.1.1 where a broker knows no other. "
            "The rules beside the shapes are in README.md.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "mqtt",
                "protocolVersion": "5",
                "description": "The county's broker; TLS with certificates of both sides is recommended.",
                "variables": {"host": {"default": "mqtt.county.example"}, "port": {"default": "8883"}},
            }
        },
        "channels": channels,
        "operations": {
            **{f"receive_{name}": _operation("receive", name, text) for name, text in _CHANNELS.items()},
            "send_receipt": _operation("send", "receipt", "The county answers the records that came in."),
        },
        "components": {
            "messages": _messages(),
            "schemas": _plain(definitions["$defs"]),
        },
    }


def _up(name: str, text: str) -> dict[str, Any]:
    if name == "status":
        messages = {"status": {"$ref": "#/components/messages/PointStatus"}}
    else:
        messages = {
            body.__name__: {"$ref": f"#/components/messages/{body.__name__}"}
            for body in _BODIES
            if body.channel == name
        }
    return {
        "address": "kiosk/{county}/v1/{point}/up/" + name,
        "description": text,
        "parameters": _parameters(),
        "messages": messages,
    }


def _operation(action: str, channel: str, text: str) -> dict[str, Any]:
    """An operation of the county, whose document this is."""
    retained = channel == "status"
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": text,
        "bindings": {"mqtt": {"qos": 1, "retain": retained, "bindingVersion": "0.2.0"}},
    }


def _messages() -> dict[str, Any]:
    messages: dict[str, Any] = {}
    for body in _BODIES:
        messages[body.__name__] = {
            "name": body.model_fields["kind"].default,
            "summary": _first_line(body),
            "contentType": "application/json",
            "payload": {
                "allOf": [
                    {"$ref": "#/components/schemas/Envelope"},
                    {"type": "object", "properties": {"body": {"$ref": f"#/components/schemas/{body.__name__}"}}},
                ]
            },
        }
    for model in (PointStatus, Receipt):
        messages[model.__name__] = {
            "name": model.__name__,
            "summary": _first_line(model),
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        }
    return messages


def _parameters() -> dict[str, Any]:
    return {
        "county": {"description": "The county's name: lower-case letters, digits and hyphens, at most 40."},
        "point": {"description": "The point's id: letters, digits and hyphens, at most 40."},
    }


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def main() -> None:
    """Write the generated files into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/protocol"))
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
