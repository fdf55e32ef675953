"""The point's retained state: published when something changed, and slowly in any case."""

import shutil
import threading
from collections.abc import Mapping, Sequence

from services.clock import Clock
from services.northbound.messages import DeviceStatus, Disk, Plug, PointDetail, PointStatus
from services.northbound.state import StateBoard
from services.store.database import Database


class StatusReport:
    """Collects what the point says of itself. Parts may come from any thread."""

    def __init__(self, point: str, epoch: str, database: Database, board: StateBoard, clock: Clock) -> None:
        """Begins without devices and versions."""
        self._point = point
        self._epoch = epoch
        self._folder = database.path.parent
        self._board = board
        self._clock = clock
        self._lock = threading.Lock()
        self._devices: tuple[DeviceStatus, ...] = ()
        self._plugs: tuple[Plug, ...] = ()
        self._versions: dict[str, str] = {}

    def update(
        self,
        devices: Sequence[DeviceStatus] | None = None,
        plugs: Sequence[Plug] | None = None,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """Replace parts; a part that is `None` stays as it was."""
        with self._lock:
            if devices is not None:
                self._devices = tuple(devices)
            if plugs is not None:
                self._plugs = tuple(plugs)
            if versions is not None:
                self._versions = dict(versions)

    def online(self) -> PointStatus:
        """How the point is now."""
        state = self._board.state
        with self._lock:
            devices, plugs, versions = self._devices, self._plugs, self._versions
        detail = PointDetail(
            clock_trusted=self._clock.trusted(),
            versions=versions,
            devices=devices,
            plugs=plugs,
            pending=state.pending,
            refused=state.refused,
            disk=self._disk(),
        )
        return PointStatus(point=self._point, epoch=self._epoch, online=True, time=self._clock.now(), detail=detail)

    def offline(self) -> PointStatus:
        """What the broker publishes when we vanish, and we when we stop."""
        return PointStatus(point=self._point, epoch=self._epoch, online=False, time=self._clock.now())

    def _disk(self) -> Disk | None:
        try:
            usage = shutil.disk_usage(self._folder)
        except OSError:
            return None
        return Disk(free=usage.free, total=usage.total)


def tells_more(new: PointStatus, old: PointStatus | None) -> bool:
    """Whether a state is worth publishing at once: something but the time and the ever-moving figures differs."""
    return old is None or _essence(new) != _essence(old)


def _essence(status: PointStatus) -> PointStatus:
    if status.detail is None:
        return status
    still = status.detail.model_copy(update={"pending": 0, "disk": None})
    return status.model_copy(update={"detail": still, "time": None})
