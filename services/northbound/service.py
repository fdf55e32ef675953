"""The point's way to the county, as the rest of the appliance uses it."""

from collections.abc import Callable, Mapping, Sequence

from services.clock import Clock
from services.northbound import outbox, topics
from services.northbound.alarms import ActiveAlarm, Alarms
from services.northbound.journal import Journal
from services.northbound.link import Identity
from services.northbound.messages import DeviceStatus, Plug
from services.northbound.mqtt import Connection
from services.northbound.options import MqttOptions
from services.northbound.outbox import Settlement
from services.northbound.sender import Sender, Timing
from services.northbound.state import Listeners, NorthboundState, StateBoard
from services.northbound.status import StatusReport
from services.store.database import Database

#: How long the broker keeps our session. Long enough for a reboot; what is lost with it is asked for again.
_SESSION_EXPIRY_S = 86_400


class Northbound:
    """Delivers records, reports the point's state and says what the county has answered for."""

    def __init__(
        self,
        *,
        point: str,
        county: str,
        database: Database,
        journal: Journal,
        clock: Clock,
        mqtt: MqttOptions,
        timing: Timing | None = None,
    ) -> None:
        """Nothing is connected before `start`.

        Args:
            point: the point's id at the county.
            county: the county's name in topics.
            database: holds the journal and the outbox.
            journal: makes records; the sender wakes when it announces some.
            clock: for everything that has to do with time.
            mqtt: how to reach the broker.
            timing: how patient to be.
        """
        self._database = database
        self._board = StateBoard()
        self._settled: Listeners[Sequence[Settlement]] = Listeners()
        self._alarms = Alarms(database, journal, clock)
        self._status = StatusReport(point, journal.epoch, database, self._board, clock)
        self._sender = Sender(
            point=point,
            county=county,
            database=database,
            journal=journal,
            alarms=self._alarms,
            status=self._status,
            board=self._board,
            settled=self._settled,
            clock=clock,
            timing=timing or Timing(),
        )
        identity = Identity(
            client_id=f"kiosk-{county}-{point}",
            session_expiry_s=_SESSION_EXPIRY_S,
            subscriptions=(topics.down(county, point, "receipt"),),
            will_topic=topics.up(county, point, topics.STATUS),
            will=self._status.offline().model_dump_json().encode(),
        )
        self._connection = Connection(mqtt, identity, self._sender, clock)
        self._unsubscribe = journal.subscribe(self.wake)

    @property
    def state(self) -> NorthboundState:
        """How the way to the county is now."""
        return self._board.state

    @property
    def alive(self) -> bool:
        """Whether somebody looks after the way, be it open or not."""
        return self._connection.alive

    def start(self) -> None:
        """Begin to connect and to send."""
        self._board.recount(self._database)
        self._connection.start()

    def stop(self) -> None:
        """Say that the point goes offline and part from the broker; what is pending stays in the outbox."""
        self._unsubscribe()
        self._connection.stop()

    def wake(self) -> None:
        """Look at the outbox now. Called by the journal after every commit."""
        self._board.recount(self._database)
        self._sender.wake()
        self._connection.wake()

    def report(
        self,
        *,
        devices: Sequence[DeviceStatus] | None = None,
        plugs: Sequence[Plug] | None = None,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """Tell the county how the point is; it leaves when that is news.

        Args:
            devices: every device; `None` leaves them as they were reported last.
            plugs: everything that is plugged in; `None` likewise.
            versions: versions by name; `None` likewise.
        """
        self._status.update(devices, plugs, versions)
        self._connection.wake()

    def alarm(self, source: str, fault: str, *, active: bool, detail: str = "") -> bool:
        """Say whether something needs attention; a record is made when that is news, and only then.

        Args:
            source: what it is about, such as a device's name.
            fault: what is wrong, a word.
            active: whether it is wrong now.
            detail: for people; no personal data.

        Returns:
            Whether it was news.
        """
        return self._alarms.report(source, fault, active=active, detail=detail)

    def active_alarms(self) -> tuple[ActiveAlarm, ...]:
        """What needs attention now, longest first."""
        return self._alarms.active()

    def settlement(self, record_id: str) -> Settlement | None:
        """The county's answer for a record; `None` while there is none."""
        with self._database.read() as connection:
            return outbox.settlement(connection, record_id)

    def is_settled(self, record_id: str) -> bool:
        """Whether the county has answered for a record, by storing or by refusing it."""
        return self.settlement(record_id) is not None

    def subscribe(self, listener: Callable[[NorthboundState], None]) -> Callable[[], None]:
        """Tell a listener every change of state; it only enqueues.

        Returns:
            A function that ends the subscription.
        """
        return self._board.listeners.add(listener)

    def subscribe_settled(self, listener: Callable[[Sequence[Settlement]], None]) -> Callable[[], None]:
        """Tell a listener what the county has just answered for, after the commit; it only enqueues.

        Returns:
            A function that ends the subscription.
        """
        return self._settled.add(listener)
