"""The evidence of a post: everything that is known of it, gathered in one place as plain data.

Each section is one function of `About`; another section is another function and a line in `SECTIONS`.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, joinedload

from content_library import audit, record, recreation, sealing
from content_library.after_reviews import breach_of, sample_of
from content_library.agreements import as_data
from content_library.models.account import Account
from content_library.models.boundary import SubmittedFinding
from content_library.models.desk import Desk
from content_library.models.media import Media
from content_library.models.post import Post, Revision
from content_library.models.review import Review, Submission
from content_library.models.user import User
from content_library.permissions import can_read_record, require
from content_library.terms_pages import copies_of
from content_library.transitions import flush
from scheduler.evidence_about import About
from scheduler.evidence_pack import plain
from scheduler.models import Attempt, Part, Run

FORM = "deskcast-evidence-v1"
MAY_GATHER = "Only auditors, leads and administrators can make an evidence pack."


def gather(session: Session, post: Post, *, actor: User, now: datetime, key: str) -> dict[str, Any]:
    """Everything about a post, as JSON can hold it. `key` is the record's: with it each entry's seal is checked."""
    require(can_read_record(actor, post.desk_id), MAY_GATHER)
    about = About(session, post, key)
    made = {"form": FORM, "made_at": now, "made_by": {"id": actor.id, "name": actor.name}}
    document: dict[str, Any] = plain(made | {name: section(about) for name, section in SECTIONS.items()})
    return document


def note_pack(
    session: Session, post: Post, *, actor: User, now: datetime, form: str, sha256: str, size: int
) -> None:
    """Say in the record that a pack was made, and which bytes it had: a pack can be told from a forged one."""
    require(can_read_record(actor, post.desk_id), MAY_GATHER)
    audit.record(
        session, "evidence.packed", post, actor=actor, now=now,
        summary=f"Made an evidence pack ({form}) of “{post.title}”",
        details={"form": form, "sha256": sha256, "bytes": size},
    )  # fmt: skip
    flush(session)


def _post(about: About) -> dict[str, Any]:
    post = about.post
    desk = about.session.get_one(Desk, post.desk_id)
    return {
        "id": post.id, "title": post.title, "state": post.state, "kind": post.kind, "format": post.format_key,
        "desk": {"id": desk.id, "name": desk.name, "handle": desk.handle, "zone": desk.zone},
        "owner": about.person(post.owner_id), "created_at": post.created_at, "updated_at": post.updated_at,
        "evergreen": post.is_evergreen, "valid_until": post.valid_until, "made_from_post": post.parent_id,
        "latest_revision_id": post.latest_revision_id,
    }  # fmt: skip


def _revisions(about: About) -> dict[str, Any]:
    """Every one, made again and compared with the record."""
    mismatches = recreation.prove_post(about.session, about.post)
    return {
        "match_the_record": not mismatches,
        "mismatches": [str(mismatch) for mismatch in mismatches],
        "every": [
            _revision(about, revision, [m.sentence for m in mismatches if m.number == revision.number])
            for revision in about.revisions
        ],
    }


def _revision(about: About, revision: Revision, mismatches: list[str]) -> dict[str, Any]:
    return {
        "id": revision.id, "number": revision.number, "content_hash": revision.content_hash,
        "matches_the_record": not mismatches, "mismatches": mismatches,
        "created_by": about.person(revision.created_by_id), "created_at": revision.created_at,
        "authors": [{"id": a.id, "name": a.name} for a in revision.authors],
        "note": revision.note, "content": revision.content,
        "renditions": [
            {"id": r.id, "account": _account(r.account), "sha256": r.sha256, "payload": r.payload}
            for r in revision.renditions
        ],
    }  # fmt: skip


def _account(account: Account) -> dict[str, Any]:
    return {"id": account.id, "network": account.network, "handle": account.handle, "name": account.name}


def _media(about: About) -> list[dict[str, Any]]:
    """The pictures of all revisions, each once, known by their hash."""
    shown: dict[str, dict[str, Any]] = {}
    for revision in about.revisions:
        for picture in revision.content["media"]:
            one = shown.setdefault(picture["sha256"], {"id": picture["id"], "alts": [], "in_revisions": []})
            one["in_revisions"].append(revision.number)
            if picture["alt"] not in one["alts"]:
                one["alts"].append(picture["alt"])
    rows = about.all(Media, Media.desk_id == about.post.desk_id, Media.sha256.in_(shown)) if shown else ()
    known = {row.sha256: row for row in rows}
    return [{"sha256": sha256, **seen, **_kept(known.get(sha256))} for sha256, seen in shown.items()]


def _kept(row: Media | None) -> dict[str, Any]:
    columns = ("name", "mime", "width", "height", "rights", "original_name", "created_at")
    return {column: getattr(row, column) if row else None for column in columns}


def _submissions(about: About) -> list[dict[str, Any]]:
    return [
        {
            "id": s.id, "revision_id": s.revision_id, "content_hash": s.content_hash, "state": s.state, "note": s.note,
            "submitted_by": about.person(s.submitted_by_id), "submitted_at": s.submitted_at,
            "wanted_at": s.wanted_at, "closed_at": s.closed_at, "reviews": [_review(r) for r in s.reviews],
            "findings": _findings(about, s), "terms": _terms(about, s),
        }
        for s in about.submissions
    ]  # fmt: skip


def _review(review: Review) -> dict[str, Any]:
    return {
        "id": review.id, "team": review.team.name, "step": review.step, "quorum": review.quorum, "why": review.why,
        "state": review.state, "opened_at": review.opened_at, "due_at": review.due_at,
        "decided_at": review.decided_at, "cleared_under": review.cleared_under,
        "decisions": [
            {
                "id": d.id, "verdict": d.verdict, "by": {"id": d.user.id, "name": d.user.name}, "at": d.at,
                "identified_by": d.identified_by, "revision_id": d.revision_id, "content_hash": d.content_hash,
                "reason": d.reason, "place": d.place, "solo": d.is_solo,
                "in_place_of": {"id": d.for_user.id, "name": d.for_user.name} if d.for_user else None,
                "checked": d.checked,
            }
            for d in review.decisions
        ],
    }  # fmt: skip


def _terms(about: About, submission: Submission) -> list[dict[str, Any]]:
    """What stood behind the addresses of its terms."""
    return [
        {
            "url": url,
            "sha256": c.sha256 if c else None,
            "read_at": c.read_at if c else None,
            "text": c.text if c else None,
        }
        for url, c, _error in copies_of(about.session, submission)
    ]


def _agreements(about: About) -> list[dict[str, Any]]:
    """The versions under which parts of it were cleared, what was found afterwards, and who had signed them."""
    cleared = [r for s in about.submissions for r in s.reviews if r.clause is not None]
    versions = {r.clause.version_id: r.clause.version for r in cleared if r.clause}
    return [
        {
            "team": v.agreement.team.name, "number": v.number, "state": v.state, **as_data(v),
            "proposed_by": about.person(v.proposed_by_id), "proposed_at": v.proposed_at, "for": v.proposed_for,
            "signed_by": about.person(v.signed_by_id), "signed_at": v.signed_at,
            "cleared": [_cleared(about, r) for r in cleared if r.clause and r.clause.version_id == v.id],
        }
        for v in versions.values()
    ]  # fmt: skip


def _cleared(about: About, review: Review) -> dict[str, Any]:
    sample, breach = sample_of(about.session, review), breach_of(about.session, review)
    return {
        "review_id": review.id,
        "clause": review.clause.number if review.clause else None,
        "sample": {"state": sample.state, "by": about.person(sample.decided_by_id), "at": sample.decided_at}
        if sample
        else None,
        "breach": {"what": breach.what, "by": about.person(breach.noted_by_id), "at": breach.at}
        if breach
        else None,
    }


def _findings(about: About, submission: Submission) -> list[dict[str, Any]]:
    loaded = (joinedload(SubmittedFinding.boundary), joinedload(SubmittedFinding.version))
    rows = about.all(SubmittedFinding, SubmittedFinding.submission_id == submission.id, options=loaded)
    return [
        {
            "boundary": f.boundary.name, "key": f.boundary.key, "version": f.version.number,
            "severity": f.version.severity, "advice": f.version.advice, "team": f.version.team_key,
            "places": f.places, "reason": f.reason, "evidence": f.evidence, "at": f.at,
        }
        for f in rows
    ]  # fmt: skip


def _approvals(about: About) -> list[dict[str, Any]]:
    return [
        {
            "id": a.id, "revision_id": a.revision_id, "submission_id": a.submission_id,
            "content_hash": a.content_hash, "solo": a.is_solo, "approved_at": a.approved_at,
            "valid_until": a.valid_until, "withdrawn_at": a.withdrawn_at,
            "withdrawn_by": about.person(a.withdrawn_by_id), "withdrawn_why": a.withdrawn_why,
        }
        for a in about.approvals
    ]  # fmt: skip


def _discussion(about: About) -> list[dict[str, Any]]:
    return [
        {
            "id": c.id, "by": {"id": c.user.id, "name": c.user.name}, "at": c.at, "body": c.body, "place": c.place,
            "revision_id": c.revision_id, "review_id": c.review_id,
        }
        for c in about.comments
    ]  # fmt: skip


def _holds(about: About) -> list[dict[str, Any]]:
    return [
        {
            "id": h.id, "scope": h.scope, "account_id": h.account_id, "publication_id": h.publication_id,
            "reason": h.reason, "placed_by": about.person(h.created_by_id), "placed_at": h.created_at,
            "lifted_by": about.person(h.lifted_by_id), "lifted_at": h.lifted_at,
        }
        for h in about.holds
    ]  # fmt: skip


def _legal_holds(about: About) -> list[dict[str, Any]]:
    return [
        {
            "id": h.id, "on": "this post" if h.post_id else "the desk", "reason": h.reason,
            "placed_by": about.person(h.placed_by_id), "placed_at": h.placed_at,
            "lifted_by": about.person(h.lifted_by_id), "lifted_at": h.lifted_at, "lifted_why": h.lifted_why,
        }
        for h in about.legal_holds
    ]  # fmt: skip


def _publications(about: About) -> list[dict[str, Any]]:
    """When and where it went: what was sent, part by part, and every call to the network with its answer."""
    payloads = {r.id: r.payload for revision in about.revisions for r in revision.renditions}
    return [
        {
            "id": p.id, "account": _account(p.account), "run": _run(p.run), "state": p.state, "reason": p.reason,
            "explanation": p.explanation, "revision_id": p.revision_id, "rendition_id": p.rendition_id,
            "payload_sha256": p.payload_sha256, "wall": p.wall, "zone": p.zone, "due_at": p.due_at,
            "created_by": about.person(p.created_by_id), "created_at": p.created_at, "state_at": p.state_at,
            "first_sent_at": p.first_sent_at, "published_at": p.published_at, "url": p.url,
            "take_down_wanted_at": p.take_down_wanted_at, "taken_down_at": p.taken_down_at,
            "gone_at": p.gone_at,
            "parts": [_part(part, payloads.get(p.rendition_id or 0)) for part in p.parts],
            "attempts": [_attempt(attempt) for attempt in p.attempts],
        }
        for p in about.publications
    ]  # fmt: skip


def _run(run: Run) -> dict[str, Any]:
    return {"number": run.number, "cause": run.cause}


def _part(part: Part, payload: str | None) -> dict[str, Any]:
    """`sent` is the part of the rendition as it went out."""
    parts = json.loads(payload)["parts"] if payload else []
    return {
        "position": part.position, "key": part.key, "envelope": part.envelope,
        "envelope_sha256": part.envelope_sha256, "remote_id": part.remote_id, "cid": part.cid, "url": part.url,
        "sent_at": part.sent_at, "taken_down_at": part.taken_down_at,
        "sent": parts[part.position] if part.position < len(parts) else None,
    }  # fmt: skip


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.id, "position": attempt.position, "act": attempt.act, "outcome": attempt.outcome,
        "started_at": attempt.started_at, "ended_at": attempt.ended_at, "status": attempt.status,
        "request": attempt.request, "response": attempt.response, "message": attempt.message,
    }  # fmt: skip


def _record(about: About) -> list[dict[str, Any]]:
    key = about.key.encode()
    return [
        {
            "seq": e.seq, "id": e.id, "at": e.at, "actor_id": e.actor_id, "actor": e.actor_name, "verb": e.verb,
            "subject_type": e.subject_type, "subject_id": e.subject_id, "desk_id": e.desk_id, "summary": e.summary,
            "details": e.payload.details if e.payload else None, "details_erased": e.payload is None,
            "payload_digest": e.payload_digest, "previous": e.previous, "mac": e.mac,
            "seal": sealing.seal_of(e, key=key),
        }
        for e in about.entries
    ]  # fmt: skip


def _chain(about: About) -> dict[str, Any]:
    """Where the record's chain ends, and how far it was verified last."""
    verdict = record.last_verdict(about.session)
    return {
        "head": sealing.export_head(about.session),
        "entries_here": len(about.entries),
        "seals_here_fit": all(sealing.seal_of(e, key=about.key.encode()) == sealing.FITS
                              for e in about.entries if e.seq is not None),
        "waiting_for_their_seal": sum(e.seq is None for e in about.entries),
        "last_verification": None if verdict is None else {
            "at": verdict.at, "by": verdict.by, "nothing_was_changed": verdict.ok, "upto_seq": verdict.upto_seq,
            "entries": verdict.entries, "problems": [str(problem) for problem in verdict.problems],
        },
    }  # fmt: skip


SECTIONS: Mapping[str, Callable[[About], Any]] = {
    "post": _post,
    "revisions": _revisions,
    "media": _media,
    "submissions": _submissions,
    "approvals": _approvals,
    "agreements": _agreements,
    "discussion": _discussion,
    "holds": _holds,
    "legal_holds": _legal_holds,
    "publications": _publications,
    "record": _record,
    "chain": _chain,
}
