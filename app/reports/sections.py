"""The sections of a desk's report, in their order. One more is one function in SECTIONS; with other than the usual table
it names a template of its own."""

from collections.abc import Callable, Sequence

from app.formatting import gettext as _
from app.reports.figures import Chart, Column, Measure, Row, Section, Series, Unit
from content_library import catalogue, reports
from content_library.models.account import NETWORK_NAMES
from content_library.models.review import SubmissionState
from content_library.report_figures import ENOUGH, Answers, Pass, share
from content_library.reports import Report
from scheduler import standing

MOST_BARS = 12
NOW, BEFORE = _("This period"), _("The period before")


def turnaround(report: Report) -> Section:
    """How long teams take."""
    found = reports.turnaround(report)
    nothing = (Answers(), Answers())
    wanted = report.wanted.team_id
    answers = {t.name: found.get(t.id, nothing) for t in report.desk.teams if wanted in (None, t.id)}
    return Section(
        "turnaround",
        _("How long teams take"),
        "hourglass",
        _("Answers given in this period, whatever they said. Time runs from when a team is asked to its answer, and stands while the author is asked something."),
        _("Team"),
        _TURNAROUND,
        [Row(name, _turnaround_row(*both)) for name, both in answers.items()],
        nothing=_("No team clears for this desk."),
        charts=(
            Chart(
                _("Median and ninth of ten, in working hours, by team"),
                Unit.MINUTES,
                list(answers),
                [
                    Series(_("Median"), [now.minutes("working", 50) for now, _b in answers.values()]),
                    Series(_("9 of 10"), [now.minutes("working", 90) for now, _b in answers.values()], quiet=True),
                ],
            ),
            _compared(
                _("Answered in time, by team"),
                Unit.PERCENT,
                [(name, now.share_in_time, before.share_in_time) for name, (now, before) in answers.items()],
            ),
        ),
    )  # fmt: skip


_TURNAROUND = (
    Column(_("Answers"), Unit.COUNT, _("How many reviews the team has answered: approved, sent back or refused.")),
    Column(_("Median"), Unit.MINUTES, _("Half of the answers took no longer than this, counted in the team’s working hours.")),
    Column(_("9 of 10"), Unit.MINUTES, _("Nine of ten answers took no longer than this, in the team’s working hours (the 90th percentile by nearest rank).")),
    Column(_("In time"), Unit.PERCENT, _("The share of answers within the working hours that were promised when the review opened.")),
    Column(_("Median, by the clock"), Unit.MINUTES, _("The same as the median, with nights, weekends and holidays.")),
    Column(_("9 of 10, by the clock"), Unit.MINUTES, _("The same as 9 of 10, with nights, weekends and holidays.")),
    Column(_("Reminded"), Unit.COUNT, _("Answers before which the team had been reminded at least once.")),
    Column(_("Still open"), Unit.COUNT, _("Reviews the team was asked for in this period and has not answered to this day.")),
)  # fmt: skip


def _turnaround_row(now: Answers, before: Answers) -> list[Measure]:
    return [
        Measure(now.count, before.count),
        *(
            Measure(now.minutes(which, percent), before.minutes(which, percent))
            for which, percent in (("working", 50), ("working", 90))
        ),
        Measure(now.share_in_time, before.share_in_time),
        *(
            Measure(now.minutes(which, percent), before.minutes(which, percent))
            for which, percent in (("clock", 50), ("clock", 90))
        ),
        Measure(now.reminded, before.reminded),
        Measure(now.still_open, before.still_open),
    ]


_FIRST_PASS = (
    Column(_("First tries"), Unit.COUNT, _("What was answered in this period of posts that had never been sent back before.")),
    Column(_("Passed at once"), Unit.COUNT, _("Those of them that were approved.")),
    Column(_("First-pass share"), Unit.PERCENT, _("The share of first tries that were approved.")),
)  # fmt: skip


def first_pass(report: Report) -> Section:
    """What passes at once, by format, with all of them in the last row."""
    found = reports.first_pass_of_formats(report)
    names = {f.key: f.name for f in catalogue.formats(report.session, retired=True)}
    rows = sorted(
        ((names.get(key, key), *both) for key, both in found.items()), key=lambda row: (-row[1].tries, row[0])
    )
    total = (sum((now for _n, now, _b in rows), Pass()), sum((before for _n, _now, before in rows), Pass()))
    return Section(
        "first-pass",
        _("What passes at once, by format"),
        "circle-check",
        _("A submission passes when every team approves it. One that was withdrawn, replaced or has expired counts nowhere here."),
        _("Format"),
        _FIRST_PASS,
        [_pass_row(*row) for row in rows] + ([_pass_row(_("All formats"), *total)] if rows else []),
        nothing=_("Nothing was answered for the first time in this period or the one before."),
        charts=[_compared(_("First-pass share, by format"), Unit.PERCENT, [(n, now.share, b.share) for n, now, b in rows])],
    )  # fmt: skip


def first_pass_of_teams(report: Report) -> Section:
    """What each team approves at once."""
    found = reports.first_pass_of_teams(report)
    rows = [(team.name, *found[team.id]) for team in report.desk.teams if team.id in found]
    return Section(
        "first-pass-teams",
        _("What passes at once, by team"),
        "users-group",
        _("Each team’s own answers to first tries; another team may still have sent the post back."),
        _("Team"),
        _FIRST_PASS,
        [_pass_row(*row) for row in rows],
        nothing=_("No team has answered a first try in this period or the one before."),
        charts=[_compared(_("First-pass share, by team"), Unit.PERCENT, [(n, now.share, b.share) for n, now, b in rows])],
    )  # fmt: skip


def own(report: Report) -> Section | None:
    """A person's own first tries: nobody else is shown them."""
    now, before = reports.own_first_pass(report)
    if not now.tries and not before.tries:
        return None
    return Section(
        "own",
        _("Your own posts"),
        "user",
        _("What you have submitted yourself. Only you see this; nobody’s figures are shown to anybody else."),
        _("Submitted by"),
        _FIRST_PASS,
        [_pass_row(_("You"), now, before)],
    )


def _pass_row(label: str, now: Pass, before: Pass) -> Row:
    return Row(
        label,
        [
            Measure(now.tries, before.tries),
            Measure(now.passed, before.passed),
            Measure(now.share, before.share),
        ],
    )


_OUTCOMES = {
    SubmissionState.APPROVED: _("Approved"),
    SubmissionState.CHANGES_REQUESTED: _("Sent back for changes"),
    SubmissionState.REFUSED: _("Refused"),
    SubmissionState.EXPIRED: _("Expired uncleared"),
    SubmissionState.WITHDRAWN: _("Withdrawn by the desk"),
    SubmissionState.SUPERSEDED: _("Replaced by a newer revision"),
}


def outcomes(report: Report) -> Section:
    """What becomes of submissions."""
    found = reports.outcomes(report)
    rows = [(label, *found.get(state, (0, 0))) for state, label in _OUTCOMES.items()]
    now, before = sum(row[1] for row in rows), sum(row[2] for row in rows)
    solo = reports.solo_approvals(report)
    shown = [Row(label, [Measure(n, b), Measure(share(n, now), share(b, before))]) for label, n, b in rows]
    if any(solo):
        label = _("of the approved: by their own author, in solo mode")
        approved = found.get(SubmissionState.APPROVED, (0, 0))
        shares = Measure(share(solo[0], approved[0]), share(solo[1], approved[1]))
        shown.insert(1, Row(label, [Measure(*solo), shares]))
    return Section(
        "outcomes",
        _("What becomes of submissions"),
        "checkup-list",
        _("Submissions that ended in this period. Nothing is ever approved by silence: what is not cleared at its time expires."),
        _("Outcome"),
        (
            Column(_("Submissions"), Unit.COUNT, _("How many ended this way in this period.")),
            Column(_("Share"), Unit.PERCENT, _("Of all submissions that ended in this period; of the approved where it says so.")),
        ),
        shown if now or before else [],
        nothing=_("No submission ended in this period or the one before."),
        charts=[_compared(_("Submissions that ended, by outcome"), Unit.COUNT, rows)],
    )  # fmt: skip


def overrides(report: Report) -> Section:
    """Over which boundaries people go on."""
    rows = reports.overrides(report)
    return Section(
        "overrides",
        _("Warnings people went on over"),
        "alert-triangle",
        _("Posts whose submission touched a boundary that warns. A post counts once. Words taken out while typing are kept nowhere and not counted."),
        _("Boundary"),
        (
            Column(_("Warned"), Unit.COUNT, _("Posts that were submitted with a reason in this period, over the warning of this boundary.")),
            Column(_("Went on"), Unit.COUNT, _("Those of them whose newest submission still touches it.")),
            Column(_("Share that went on"), Unit.PERCENT, _("Of the posts that were warned.")),
        ),
        [
            Row(name, [Measure(n.warned, b.warned), Measure(n.overridden, b.overridden),
                       Measure(share(n.overridden, n.warned), share(b.overridden, b.warned))])
            for name, n, b in rows
        ],
        nothing=_("Nobody went on over a warning in this period or the one before."),
        charts=[_compared(_("Posts that went on, by boundary"), Unit.COUNT, [(n, now.overridden, b.overridden) for n, now, b in rows])],
    )  # fmt: skip


def agreed(report: Report) -> Section | None:
    """What agreements cleared, and what was found when somebody looked afterwards."""
    found = reports.agreed(report)
    rows = [(team.name, *found[team.id]) for team in report.desk.teams if team.id in found]
    if not rows:
        return None
    return Section(
        "agreements",
        _("Cleared beforehand, and looked at afterwards"),
        "heart-handshake",
        _("Reviews that an agreement cleared in this period, so that nobody was asked."),
        _("Team"),
        (
            Column(_("Cleared"), Unit.COUNT, _("Reviews that an agreement of the team cleared.")),
            Column(_("Drawn"), Unit.COUNT, _("Those of them that were drawn for the team to look at.")),
            Column(_("Looked at"), Unit.COUNT, _("The drawn ones that somebody has looked at by now.")),
            Column(_("Breaches"), Unit.COUNT, _("Those in which the team found what should not have been said, drawn or not.")),
            Column(_("Share of breaches"), Unit.PERCENT, _("Breaches, of what was cleared.")),
        ),
        [
            Row(name, [Measure(n.cleared, b.cleared), Measure(n.drawn, b.drawn), Measure(n.looked_at, b.looked_at),
                       Measure(n.breaches, b.breaches),
                       Measure(share(n.breaches, n.cleared), share(b.breaches, b.cleared))])
            for name, n, b in rows
        ],
        charts=[_compared(_("Cleared by agreement, by team"), Unit.COUNT, [(n, now.cleared, b.cleared) for n, now, b in rows])],
    )  # fmt: skip


def gone(report: Report) -> Section | None:
    """What no longer stands where it was put, by account; nothing to show where that never happened."""
    wanted = report.wanted
    if wanted.team_id or wanted.kind or wanted.format_key:  # of the whole desk or of nobody
        return None
    now, before = report.periods
    found = standing.gone_counts(
        report.session, report.desk.id, before=before.since, since=now.since, until=now.until
    )
    rows = [(f"{NETWORK_NAMES.get(network, network)} · {handle}", n, b) for network, handle, n, b in found]
    return Section(
        "gone",
        _("No longer there"),
        "ghost",
        _("What went out and was then found missing on its network, twice, in this period, and has not come back. Deskcast took down none of it."),
        _("Account"),
        (Column(_("Gone"), Unit.COUNT, _("Publications of which the network itself said that there is no such post.")),),
        [Row(name, [Measure(n, b)]) for name, n, b in rows],
        nothing=_("Everything that Deskcast can look at stands where it was put."),
    )  # fmt: skip


def _compared(says: str, unit: Unit, rows: Sequence[tuple[str, int | None, int | None]]) -> Chart:
    """This period beside the one before, of as many rows as a picture holds."""
    drawn = rows[:MOST_BARS]
    return Chart(
        says,
        unit,
        [row[0] for row in drawn],
        [
            Series(NOW, [row[1] for row in drawn]),
            Series(BEFORE, [row[2] for row in drawn], quiet=True),
        ],
    )


SECTIONS: dict[str, Callable[[Report], Section | None]] = {
    "turnaround": turnaround,
    "outcomes": outcomes,
    "first-pass": first_pass,
    "first-pass-teams": first_pass_of_teams,
    "own": own,
    "overrides": overrides,
    "agreements": agreed,
    "gone": gone,
}

__all__ = ["ENOUGH", "SECTIONS"]
