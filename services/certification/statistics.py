"""The figures of the clerk's page."""

from datetime import UTC, datetime, time

from services.certification.calendar import Calendar
from services.certification.residents import Residents
from services.certification.views import Statistics
from services.identity import SHANGHAI
from services.store.database import Database


def statistics(database: Database, residents: Residents, calendar: Calendar) -> Statistics:
    """How the point stands today and this year, in Asia/Shanghai; all figures are of one moment."""
    day = calendar.today()
    midnight = datetime.combine(day, time(), SHANGHAI).astimezone(UTC).isoformat()
    with database.read() as connection:
        year = connection.execute(
            "SELECT count(*), coalesce(sum(review_required), 0) FROM certification WHERE year = ?", (day.year,)
        ).fetchone()
        return Statistics(
            certified_today=connection.execute(
                "SELECT count(*) FROM certification WHERE certified_at >= ?", (midnight,)
            ).fetchone()[0],
            certified_this_year=year[0],
            residents=connection.execute("SELECT count(DISTINCT resident_id) FROM finger").fetchone()[0],
            outstanding=tuple(
                residents.get(row["id"]).view
                for row in connection.execute(
                    "SELECT id FROM resident WHERE id IN (SELECT resident_id FROM finger)"
                    " AND id NOT IN (SELECT resident_id FROM certification WHERE year = ?) ORDER BY added_at, id",
                    (day.year,),
                ).fetchall()
            ),
            home_visits_open=connection.execute("SELECT count(*) FROM home_visit WHERE state = 'open'").fetchone()[0],
            waiting_for_review=year[1],
        )
