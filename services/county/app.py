"""The county's process: link, database and page under one roof."""

import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType

from services.clock import Clock, SystemClock
from services.county.config import CountyConfig
from services.county.ingest import Ingest
from services.county.registry import Registry
from services.county.schema import open_engine
from services.county.web import create_app
from services.northbound import topics
from services.northbound.link import Identity
from services.northbound.mqtt import Connection
from services.pages import PageServer

_LOG = logging.getLogger(__name__)

#: How long the broker keeps what points send while the county is away; what is lost with it, points send again.
_SESSION_EXPIRY_S = 7 * 86_400


class County:
    """Takes in, answers and shows, from `start` to `stop`."""

    def __init__(self, config: CountyConfig, clock: Clock) -> None:
        """Open the database and the port; nothing is taken in before `start`.

        Raises:
            RegistryError: the file of points cannot be used.
            OSError: the port cannot be had.
        """
        self._engine = open_engine(config.database_url)
        registry = Registry(config.points_file)
        self.ingest = Ingest(config.county, self._engine, registry, clock)
        identity = Identity(
            client_id=f"kiosk-{config.county}-county",
            session_expiry_s=_SESSION_EXPIRY_S,
            subscriptions=(topics.all_up(config.county),),
        )
        self._connection = Connection(config.mqtt, identity, self.ingest, clock)
        app = create_app(config.county, self._engine, registry, self.ingest, clock)
        self._pages = PageServer(app, str(config.http_host), config.http_port)

    @property
    def http_port(self) -> int:
        """Where the page listens."""
        return self._pages.port

    def start(self) -> None:
        """Begin."""
        self._pages.start()
        self._connection.start()

    def stop(self) -> None:
        """Finish the batch at hand and let go of everything."""
        self._connection.stop()
        self._pages.stop()
        self._engine.dispose()


def run(config: CountyConfig, ready: Callable[[County], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; to be called in the main thread.

    Args:
        config: everything the process needs.
        ready: called once the page listens.
    """
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    county = County(config, SystemClock())
    county.start()
    _LOG.info("county %s: pages on %s:%s", config.county, config.http_host, county.http_port)
    try:
        if ready is not None:
            ready(county)
        stopping.wait()
    finally:
        county.stop()
