"""What Prometheus is told of the database, read at the moment it asks."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from app import condition
from content_library.settings import Settings
from scheduler import agenda, conservation, watch
from scheduler.models import PublicationState


class Asked(Collector):
    """Gauges. A job is a label only when it is in the timetable, so that there are never more than those."""

    def __init__(self, session: Session, settings: Settings, now: datetime) -> None:
        self._session, self._settings, self._now = session, settings, now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._publications()
        yield from self._beats()
        yield self._overdue()
        yield from self._missing()
        yield from self._workers()
        unsealed = condition.unsealed(self._session)
        yield _one("deskcast_record_unsealed", "Entries of the record without a seal", unsealed.count)
        mails = condition.mails_waiting(self._session, now=self._now)
        yield _one("deskcast_mails_waiting", "Mails in the outbox", mails.count)
        yield _one("deskcast_mails_waiting_seconds", "Age of the oldest of them", self._age(mails.since))
        feeds = condition.feeds_behind(self._session, now=self._now)
        yield _one(
            "deskcast_feeds_behind", "Feeds not asked for half an hour longer than planned", feeds.count
        )
        _, size = condition.database_kind(self._session)
        yield _one("deskcast_database_bytes", "Size of the database", size)
        free = condition.room(self._settings.data).free
        yield _one("deskcast_disk_free_bytes", "Room on the disk of the data folder", free)

    def _publications(self) -> Iterator[GaugeMetricFamily]:
        counts = agenda.counts(self._session)
        states = GaugeMetricFamily("deskcast_publications", "Publications by state", labels=["state"])
        for state, count in counts.items():
            states.add_metric([state.value], count)
        yield states
        sending = counts[PublicationState.SENDING]
        yield _one("deskcast_sends_in_flight", "Publications that are being sent at this moment", sending)
        since = watch.oldest_unknown(self._session)
        yield _one("deskcast_unknown_oldest_seconds", "Age of the oldest unknown", self._age(since))

    def _missing(self) -> Iterator[GaugeMetricFamily]:
        """As the watchdog compared the books last, both of one moment; nothing before it ever has."""
        book = conservation.read_book(self._session)
        if book.checked_at is not None:
            text = "Publications that were planned and are not there; below 0: that are there and were not planned"
            yield _one("deskcast_publications_missing", text, book.missing)

    def _workers(self) -> Iterator[GaugeMetricFamily]:
        found = condition.workers(self._session, self._settings, now=self._now)
        alive = [worker for worker in found if not worker.is_silent]
        length = condition.queue(self._session)
        yield _one("deskcast_workers", "Workers that live", len(alive))
        yield _one("deskcast_workers_silent", "Workers silent for less than an hour", len(found) - len(alive))
        room = sum(worker.accounts for worker in alive)
        yield _one("deskcast_worker_accounts", "Accounts the living workers take at once", room)
        yield _one("deskcast_queue_waiting", "Accounts that wait for a worker", length.waiting)
        yield _one("deskcast_queue_taken", "Accounts that workers are at", length.taken)

    def _overdue(self) -> GaugeMetricFamily:
        found = watch.overdue(self._session, now=self._now, timing=self._settings.timing)
        family = GaugeMetricFamily(
            "deskcast_overdue", "Publications past the age limit of their state", labels=["state", "whose"]
        )
        for one in found:
            family.add_metric([one.state.value, one.whose.value], one.count)
        return family

    def _beats(self) -> Iterator[GaugeMetricFamily]:
        ages = GaugeMetricFamily(
            "deskcast_engine_beat_age_seconds", "Since a job last finished", labels=["job"]
        )
        late = GaugeMetricFamily("deskcast_engine_beat_late", "1: older than it may be", labels=["job"])
        for beat in condition.beats(self._session, self._settings, now=self._now):
            late.add_metric([beat.job], int(beat.is_late))
            if beat.at is not None:
                ages.add_metric([beat.job], self._age(beat.at))
        yield ages
        yield late

    def _age(self, since: datetime | None) -> float:
        return max(0.0, (self._now - since).total_seconds()) if since is not None else 0.0


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
