"""Keeps the matcher's gallery in step with the enrolled fingers, in a thread of its own, whenever something changed."""

import logging
import sqlite3
import threading

from drivers.contracts.errors import DeviceError
from services.biometrics.contract import Matcher
from services.certification.reader import ReaderHandle
from services.certification.residents import Residents
from services.devices import DeviceState, Health
from services.store.database import StoreError

_LOG = logging.getLogger(__name__)
_AGAIN_S = 30.0  # after a load that failed


class Gallery:
    """Loads the gallery at start, when a reader has come, and after enrolments."""

    def __init__(self, *, reader: ReaderHandle, matcher: Matcher, residents: Residents) -> None:
        """Nothing is loaded before `start`."""
        self._reader = reader
        self._matcher = matcher
        self._residents = residents
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._unsubscribe = reader.subscribe(self._reader_changed)
        self._thread = threading.Thread(target=self._run, name="gallery", daemon=True)

    def start(self) -> None:
        """Load it now, and whenever it has to be."""
        self._wanted.set()
        self._thread.start()

    def wake(self) -> None:
        """Fingers have changed."""
        self._wanted.set()

    def close(self) -> None:
        """Stop. The reader's handle is closed first: it ends a load that is under way."""
        self._unsubscribe()
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()

    def _reader_changed(self, state: DeviceState) -> None:
        if state.health is Health.READY:
            self._wanted.set()

    def _run(self) -> None:
        failed = False
        while not self._stopping.is_set():
            self._wanted.wait(_AGAIN_S if failed else None)
            self._wanted.clear()
            if not self._stopping.is_set():
                failed = not self._load()

    def _load(self) -> bool:
        try:
            self._matcher.load(self._residents.all_fingers())
        except DeviceError as error:
            _LOG.info("the gallery is not loaded: %s", error)
            return False
        except (StoreError, sqlite3.Error):
            _LOG.exception("the gallery is not loaded")
            return False
        return True
