"""Puts certification together: everything that the screen, the doctor and the statistics use, from one place."""

from dataclasses import dataclass
from datetime import date

from services.biometrics.contract import Matcher
from services.certification.calendar import Calendar
from services.certification.enrolment import Enrolments
from services.certification.enrolment_ledger import EnrolmentLedger
from services.certification.gallery import Gallery
from services.certification.home_visits import HomeVisits
from services.certification.learning import Learning
from services.certification.ledger import Ledger
from services.certification.printing import PrinterHandle, SlipDesk
from services.certification.reader import ReaderHandle, Station
from services.certification.residents import Residents
from services.certification.rules import Rules
from services.certification.statistics import statistics
from services.certification.views import Statistics
from services.certification.visits import Visits
from services.clock import Clock
from services.northbound.journal import Journal
from services.store.database import Database


@dataclass(frozen=True, slots=True)
class Certification:
    """The facades of certification, wired.

    Attributes:
        visits: what residents do.
        enrolments: what clerks do before that.
        home_visits: what clerks do about residents who cannot come.
        calendar: which day it is, and whether that is certain.
        gallery: keeps the matcher's gallery in step.
        desk: prints slips.
        database: what is stored.
        residents: who is enrolled.
    """

    visits: Visits
    enrolments: Enrolments
    home_visits: HomeVisits
    calendar: Calendar
    gallery: Gallery
    desk: SlipDesk
    database: Database
    residents: Residents

    def statistics(self) -> Statistics:
        """The figures of the clerk's page."""
        return statistics(self.database, self.residents, self.calendar)

    def close(self) -> None:
        """Stop. The handles of reader and printer are closed first: that ends what is under way there."""
        self.visits.close()
        self.enrolments.close()
        self.gallery.close()
        self.desk.close()


def start(
    *,
    database: Database,
    journal: Journal,
    residents: Residents,
    matcher: Matcher,
    reader: ReaderHandle,
    printer: PrinterHandle,
    rules: Rules,
    clock: Clock,
    built_on: date,
) -> Certification:
    """Tidy up after the last run, wire everything and begin to load the gallery.

    Args:
        database: the point's.
        journal: makes its records.
        residents: who is enrolled; the matcher looks fingers up there, too (`Residents.finger`).
        matcher: compares fingers.
        reader: leads to the fingerprint reader.
        printer: leads to the receipt printer.
        rules: what the county sets.
        clock: tells the time.
        built_on: when this program was built; no date before it is right.

    Raises:
        FullError: the disk has no room.
    """
    calendar = Calendar(database, clock, built_on)
    ledger = Ledger(
        database=database, journal=journal, residents=residents, calendar=calendar, rules=rules, clock=clock
    )
    ledger.recover()
    desk = SlipDesk(printer=printer, database=database, ledger=ledger, residents=residents, rules=rules, clock=clock)
    gallery = Gallery(reader=reader, matcher=matcher, residents=residents)
    station = Station()
    visits = Visits(
        reader=reader, matcher=matcher, residents=residents, ledger=ledger, desk=desk, calendar=calendar, rules=rules,
        station=station, library_incomplete=gallery.wake,
        learn=Learning(
            matcher=matcher, residents=residents, database=database, clock=clock, changed=gallery.wake
        ).learn,
    )  # fmt: skip
    enrolments = Enrolments(
        reader=reader, matcher=matcher, residents=residents, calendar=calendar, rules=rules, station=station,
        ledger=EnrolmentLedger(
            database=database, journal=journal, residents=residents, calendar=calendar, rules=rules, clock=clock
        ),
        enrolled=gallery.wake,
    )  # fmt: skip
    gallery.start()
    home_visits = HomeVisits(database=database, journal=journal, residents=residents, ledger=ledger, calendar=calendar)
    return Certification(visits, enrolments, home_visits, calendar, gallery, desk, database, residents)
