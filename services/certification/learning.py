"""Learns a finger from a touch that certified somebody: only where the county wants it, audited every time."""

import logging
import sqlite3
from collections.abc import Callable

from drivers.contracts.fingerprint import FingerprintSample
from services.biometrics.contract import Matcher
from services.certification.residents import Residents
from services.clock import Clock
from services.store import audit
from services.store.database import Database, StoreError

_LOG = logging.getLogger(__name__)


class Learning:
    """What a county may switch on, so that templates follow fingers that wear."""

    def __init__(
        self, *, matcher: Matcher, residents: Residents, database: Database, clock: Clock, changed: Callable[[], None]
    ) -> None:
        """Nothing is learnt yet.

        Args:
            matcher: says whether the templates would be better.
            residents: keep them.
            database: where they are kept.
            clock: for the audit.
            changed: called after templates were replaced, so that the gallery takes them in.
        """
        self._matcher = matcher
        self._residents = residents
        self._database = database
        self._clock = clock
        self._changed = changed

    def learn(self, finger_id: str, sample: FingerprintSample, certification_id: str) -> None:
        """Take a sample into a finger's templates if they are better for it; a failure costs nothing but the lesson.

        Args:
            finger_id: the finger that matched.
            sample: what matched.
            certification_id: the certification that it led to, for the audit.
        """
        known = self._residents.finger(finger_id)
        better = self._matcher.improved(known.templates, sample) if known else None
        if better is None:
            return
        try:
            with self._database.transaction() as transaction:
                if not self._residents.replace_templates(transaction, finger_id, better):
                    return
                audit.write(
                    transaction, self._clock, actor="system", action="finger.learn", subject=finger_id,
                    detail={"certification": certification_id, "templates": len(better)},
                )  # fmt: skip
        except (StoreError, sqlite3.Error) as error:
            _LOG.warning("a finger is not learnt: %s", error)
            return
        self._changed()
