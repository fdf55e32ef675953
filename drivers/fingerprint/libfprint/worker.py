"""libfprint in a process of its own, under Debian's Python with GObject introspection.

This file is started, never imported, and needs nothing of the rest of the product: the standard library, and the Debian
packages `python3-gi` and `gir1.2-fprint-2.0`. Commands come in on standard input as lines of JSON, news go out on
standard output in the same way (`drivers.fingerprint.libfprint.news` describes them); the pixels of an image follow
their line. When its input ends, so does the process.
"""

import json
import os
import sys
from contextlib import suppress
from typing import Any

#: Where news go; whatever a library prints to standard output lands in the log instead.
NEWS = os.dup(1)
os.dup2(2, 1)


def say(news: str, body: bytes = b"", **facts: object) -> None:
    """Write one piece of news, whole."""
    left = memoryview(json.dumps({"news": news, **facts}).encode() + b"\n" + body)
    while left:
        left = left[os.write(NEWS, left) :]


try:
    import gi

    gi.require_version("FPrint", "2.0")
    gi.require_version("GUsb", "1.0")
    from gi.repository import FPrint, Gio, GLib, GUsb
except (ImportError, ValueError) as error:
    say("missing", detail=str(error))
    sys.exit(1)


class Worker:
    """One reader, driven by commands."""

    def __init__(self, loop: GLib.MainLoop) -> None:
        self._loop = loop
        self._context = FPrint.Context()
        self._devices = self._context.get_devices()
        self._device: Any = None
        self._capturing: Any = None
        self._input = b""

    def start(self) -> None:
        """Say which devices there are, and listen to commands."""
        say("devices", devices=[describe(device) for device in self._devices])
        GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP | GLib.IO_ERR, self._commanded)

    def _commanded(self, descriptor: int, _condition: int) -> bool:
        data = os.read(descriptor, 65536)
        if not data:
            self._loop.quit()
            return False
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            command = json.loads(line)
            getattr(self, "do_" + command.pop("do"))(**command)
        return True

    def do_open(self, device: int) -> None:
        """Open a device by its place in the list."""
        self._device = self._devices[device]
        self._device.connect("notify::finger-status", self._finger_changed)
        self._device.open(None, self._opened)

    def do_capture(self) -> None:
        """Wait for a finger and take its image; libfprint hands it out once the finger is lifted."""
        self._capturing = Gio.Cancellable()
        self._device.capture(True, self._capturing, self._captured)

    def do_cancel(self) -> None:
        """End a capture early."""
        if self._capturing is not None:
            self._capturing.cancel()

    def do_condition(self) -> None:
        """Say how the device is."""
        temperature = FPrint.Temperature(self._device.get_temperature()).value_nick
        say("condition", removed=self._device.get_property("removed"), temperature=temperature)

    def close(self) -> None:
        """Let go of the device, unless a capture holds it: the end of the process does the rest."""
        if self._device is not None and self._capturing is None:
            with suppress(GLib.Error):
                self._device.close_sync()

    def _finger_changed(self, device: FPrint.Device, _property: object) -> None:
        if self._capturing is not None:
            status = device.get_finger_status()
            say(
                "finger",
                needed=bool(status & FPrint.FingerStatusFlags.NEEDED),
                present=bool(status & FPrint.FingerStatusFlags.PRESENT),
            )

    def _opened(self, device: FPrint.Device, result: Gio.AsyncResult) -> None:
        try:
            device.open_finish(result)
        except GLib.Error as error:
            self._fail(error)
        else:
            say("opened")

    def _captured(self, device: FPrint.Device, result: Gio.AsyncResult) -> None:
        self._capturing = None
        try:
            image = device.capture_finish(result)
        except GLib.Error as error:
            self._fail(error)
        else:
            pixels = bytes(image.get_data())
            width, height, ppmm = image.get_width(), image.get_height(), image.get_ppmm()
            say("image", pixels, width=width, height=height, ppmm=ppmm, size=len(pixels))

    def _fail(self, error: GLib.Error) -> None:
        removed = bool(self._device.get_property("removed"))
        domain, name = name_of(error)
        say("failed", domain=domain, name=name, removed=removed, detail=error.message)


def describe(device: FPrint.Device) -> dict[str, object]:
    """What can be said of a device without opening it."""
    usb = device.get_property("fpi-usb-device")
    return {
        "driver": device.get_driver(),
        "name": device.get_name(),
        "scan": FPrint.ScanType(device.get_scan_type()).value_nick,
        "captures": device.has_feature(FPrint.DeviceFeature.CAPTURE),
        "usb": None if usb is None else [usb.get_bus(), usb.get_address()],
    }


def name_of(error: GLib.Error) -> tuple[str, str]:
    """Which table an error is from, and its name there."""
    domains = {
        FPrint.device_error_quark(): ("device", FPrint.DeviceError),
        FPrint.device_retry_quark(): ("retry", FPrint.DeviceRetry),
        GUsb.Device.error_quark(): ("usb", GUsb.DeviceError),
        Gio.io_error_quark(): ("io", Gio.IOErrorEnum),
    }
    domain, table = domains.get(GLib.quark_from_string(error.domain), ("other", None))
    value = table.__enum_values__.get(error.code) if table is not None else None
    name = str(error.code) if value is None else value.value_nick
    return domain, name.replace("_", "-")


if __name__ == "__main__":
    main_loop = GLib.MainLoop()
    worker = Worker(main_loop)
    worker.start()
    main_loop.run()
    worker.close()
