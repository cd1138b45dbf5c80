"""The evidence of a post as a document to read and print. It says what the gathered document says, in that order."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from app.record.paper import Paper
from content_library.models.account import NETWORK_NAMES
from content_library.poll_rules import duration

Part = Mapping[str, Any]
_LONGEST = 400


def evidence_paper(document: Part, folder: Path) -> bytes:
    """The PDF of what `scheduler.evidence_pack.with_files` gave; `folder` holds the pictures."""
    post, made = document["post"], datetime.fromisoformat(document["made_at"])
    with Paper(
        title=f"Evidence: {post['title']}",
        running_head=f"Evidence of post {post['id']}, {post['desk']['name']} · made {_when(document['made_at'])}",
        made_at=made,
    ) as paper:
        _front(paper, document)
        for revision in document["revisions"]["every"]:
            _revision(paper, revision)
        _media(paper, document["media"], folder)
        _reviews(paper, document)
        _discussion(paper, document["discussion"])
        _holds(paper, document)
        _publications(paper, document["publications"])
        _record(paper, document)
        return bytes(paper.output())


def _front(paper: Paper, document: Part) -> None:
    post, chain = document["post"], document["chain"]
    paper.heading(post["title"] or f"Post {post['id']}", level=1)
    paper.paragraph(
        "What is known of this post, from the tables and the record of Deskcast. Times are UTC. A character that this "
        "document’s font lacks is written as its code point, such as [U+65E5]; the JSON of the pack holds it itself.",
        quiet=True,
    )
    paper.fact("Post", f"number {post['id']}, {_words(post['format'])}, {_words(post['state'])}")
    paper.fact("Desk", post["desk"]["name"])
    paper.fact("Owner", _name(post["owner"]))
    paper.fact("Begun", _when(post["created_at"]))
    paper.fact("Pack made", f"{_when(document['made_at'])}, by {document['made_by']['name']}")
    paper.heading("The proof")
    revisions = document["revisions"]
    count = len(revisions["every"])
    matching = (
        f"All {count} match the record."
        if revisions["match_the_record"]
        else " ".join(revisions["mismatches"])
    )
    paper.fact("Revisions", matching if count else "None was saved.")
    paper.fact("Seals", _seals(chain))
    paper.fact("Chain", _verified(chain["last_verification"]))
    paper.fact("Head", f"entry {chain['head']['seq']}, {chain['head']['mac']}")


def _seals(chain: Part) -> str:
    fit = (
        "The seal of every entry in this pack fits."
        if chain["seals_here_fit"]
        else "Some seals do not fit: see below."
    )
    waiting = chain["waiting_for_their_seal"]
    return f"{fit} {waiting} are not sealed yet." if waiting else fit


def _verified(last: Part | None) -> str:
    if last is None:
        return "The whole chain has not been verified from the pages yet."
    found = (
        "nothing was changed"
        if last["nothing_was_changed"]
        else "it was changed: " + " ".join(last["problems"])
    )
    return f"Verified up to entry {last['upto_seq']} on {_when(last['at'])} by {last['by']}: {found}."


def _revision(paper: Paper, revision: Part) -> None:
    content = revision["content"]
    paper.heading(f"Revision {revision['number']}")
    paper.fact("Hash", revision["content_hash"])
    paper.fact(
        "In the record", "matches" if revision["matches_the_record"] else " ".join(revision["mismatches"])
    )
    paper.fact("Made", f"{_when(revision['created_at'])}, by {_name(revision['created_by'])}")
    paper.fact("Authors", ", ".join(author["name"] for author in revision["authors"]))
    paper.fact("Note", revision["note"])
    paper.fact("Title", content["title"])
    paper.said("Text", content["text"])
    for network, variant in content["variants"].items():
        paper.said(f"Text for {NETWORK_NAMES.get(network, network)}", variant["text"])
    for label, value in _rest(content):
        paper.fact(label, value)
    for rendition in revision["renditions"]:
        _rendition(paper, rendition)


def _rest(content: Part) -> list[tuple[str, str]]:
    """What else the document says, in no other words than its own."""
    shown = {"title", "text", "variants", "media", "answers", "accounts"}
    plain = [(_words(key).capitalize(), _value(value)) for key, value in content.items() if key not in shown]
    pictures = "; ".join(f"{m['sha256'][:16]}… “{m['alt']}”" for m in content["media"])
    answers = [(f"Said about {_words(key)}"[:24], _value(said)) for key, said in content["answers"].items()]
    return [*plain, ("Pictures", pictures), *answers]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(str(k))}: {_value(v)}" for k, v in value.items() if _value(v))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_value(inner) for inner in value)
    return "" if value is None else str(value)


def _rendition(paper: Paper, rendition: Part) -> None:
    account = rendition["account"]
    paper.heading(f"As {_place(account)} shows it", level=3)
    paper.fact("Hash", rendition["sha256"])
    for part in json.loads(rendition["payload"])["parts"]:
        _words_of(paper, part)


def _words_of(paper: Paper, part: Part) -> None:
    """What readers see of a part: its text, and the poll that stands with it."""
    paper.said("First comment" if part.get("comment") else "", part["text"])
    if poll := part.get("poll"):
        asked = [poll["question"]] if poll.get("question") else []
        said = "\n".join([*asked, *(f"( ) {option}" for option in poll["options"])])
        paper.said(f"Poll, open for {duration(poll['minutes'])}", said)


def _media(paper: Paper, media: Sequence[Part], folder: Path) -> None:
    if not media:
        return
    paper.heading("Pictures")
    for picture in media:
        if picture["file"]:
            paper.picture(folder / picture["name"], alt=" ".join(picture["alts"]))
        paper.fact("Hash", picture["sha256"])
        paper.fact("Kept", picture["state"])
        paper.fact("Alt text", " / ".join(alt for alt in picture["alts"] if alt))
        paper.fact("Rights", picture["rights"] or "")
        paper.fact("In revisions", ", ".join(str(number) for number in picture["in_revisions"]))
        paper.ln(2)


def _reviews(paper: Paper, document: Part) -> None:
    submissions = document["submissions"]
    paper.heading("Reviews and decisions")
    if not submissions:
        paper.paragraph("It was never submitted.")
    numbers = {r["id"]: r["number"] for r in document["revisions"]["every"]}
    for submission in submissions:
        _submission(paper, submission, numbers)
    for approval in document["approvals"]:
        paper.heading(f"Approval of revision {numbers.get(approval['revision_id'], '?')}", level=3)
        paper.fact("Hash", approval["content_hash"])
        paper.fact(
            "Given",
            _when(approval["approved_at"]) + (", by its own author in solo mode" if approval["solo"] else ""),
        )
        paper.fact(
            "Ends",
            _when(approval["valid_until"]) if approval["valid_until"] else "when somebody withdraws it",
        )
        if approval["withdrawn_at"]:
            by = _name(approval["withdrawn_by"]) or "Deskcast"
            paper.fact(
                "Withdrawn", f"{_when(approval['withdrawn_at'])}, by {by}: {approval['withdrawn_why']}"
            )


def _submission(paper: Paper, submission: Part, numbers: Mapping[int, int]) -> None:
    number = numbers.get(submission["revision_id"], "?")
    paper.heading(f"Revision {number}, submitted {_when(submission['submitted_at'])}", level=3)
    paper.fact("By", _name(submission["submitted_by"]))
    paper.fact("Outcome", _words(submission["state"]))
    paper.fact("Hash", submission["content_hash"])
    paper.fact("Note", submission["note"])
    for finding in submission["findings"]:
        words = ", ".join(f"“{place.get('words', '')}”" for place in finding["places"] if place.get("words"))
        paper.fact(
            "Boundary", f"{finding['boundary']}, version {finding['version']} ({finding['severity']}) {words}"
        )
        paper.fact("Reason given", finding["reason"])
        paper.fact("Evidence given", finding["evidence"])
    decided = [(review, decision) for review in submission["reviews"] for decision in review["decisions"]]
    for review in submission["reviews"]:
        if review["cleared_under"]:
            paper.fact(review["team"], f"cleared under agreement {review['cleared_under']}")
    for terms in submission["terms"]:
        paper.fact("Terms", f"{terms['url']} ({terms['sha256'] or 'not read'})")
    undecided = [r for r in submission["reviews"] if not r["decisions"] and not r["cleared_under"]]
    waiting = [review["team"] for review in undecided]
    if decided:
        rows = [_decision(review, decision) for review, decision in decided]
        paper.table(
            ("Team", "Who", "Decision", "When", "Identified by", "On the hash"),
            rows,
            widths=(14, 18, 17, 21, 15, 15),
        )
    paper.fact("Not decided by", ", ".join(waiting))
    for review, decision in decided:
        about = f" (about “{decision['place']['quote']}”)" if (decision["place"] or {}).get("quote") else ""
        paper.said(f"{decision['by']['name']}, {review['team']}{about}", decision["reason"])


def _decider(decision: Part) -> str:
    away = decision["in_place_of"]
    return f"{decision['by']['name']} for {away['name']}" if away else str(decision["by"]["name"])


def _decision(review: Part, decision: Part) -> tuple[str, ...]:
    verdict = _words(decision["verdict"]) + (" (solo)" if decision["solo"] else "")
    return (
        review["team"], _decider(decision), verdict, _when(decision["at"]), _words(decision["identified_by"]),
        decision["content_hash"][:12] + "…",
    )  # fmt: skip


def _discussion(paper: Paper, comments: Sequence[Part]) -> None:
    if comments:
        paper.heading("Discussion")
    for comment in comments:
        paper.said(f"{comment['by']['name']}, {_when(comment['at'])}", comment["body"])


def _holds(paper: Paper, document: Part) -> None:
    if document["holds"] or document["legal_holds"]:
        paper.heading("Holds")
    for hold in document["holds"]:
        paper.fact("Held back", f"{_words(hold['scope'])}: {hold['reason']}. {_placed(hold)}")
    for hold in document["legal_holds"]:
        paper.fact("Legal hold", f"on {hold['on']}: {hold['reason']}. {_placed(hold)} {hold['lifted_why']}")


def _placed(hold: Part) -> str:
    placed = f"Placed {_when(hold['placed_at'])} by {_name(hold['placed_by'])}"
    return (
        f"{placed}, lifted {_when(hold['lifted_at'])} by {_name(hold['lifted_by'])}."
        if hold["lifted_at"]
        else f"{placed}, in force."
    )


def _publications(paper: Paper, publications: Sequence[Part]) -> None:
    paper.heading("When and where it went")
    if not publications:
        paper.paragraph("It was never planned.")
    for publication in publications:
        paper.heading(f"Publication {publication['id']}: {_place(publication['account'])}", level=3)
        paper.fact("State", f"{_words(publication['state'])}. {publication['explanation']}")
        paper.fact("Due", f"{_when(publication['due_at'])} ({publication['wall']} {publication['zone']})")
        paper.fact("Planned by", f"{_name(publication['created_by'])}, {_when(publication['created_at'])}")
        paper.fact("Bound hash", publication["payload_sha256"] or "")
        paper.fact("Published", _when(publication["published_at"]))
        paper.fact("Taken down", _when(publication["taken_down_at"]))
        paper.fact("Found to be gone", _when(publication["gone_at"]))
        for part in publication["parts"]:
            _sent(paper, part)
        for attempt in publication["attempts"]:
            _attempt(paper, attempt)


def _sent(paper: Paper, part: Part) -> None:
    paper.fact(f"Part {part['position'] + 1}", f"key {part['key']}, envelope {part['envelope_sha256']}")
    paper.fact("There as", " ".join(filter(None, (part["remote_id"], part["cid"], part["url"]))))
    paper.fact("Sent", _when(part["sent_at"]))
    paper.fact("Part taken down", _when(part["taken_down_at"]))
    if part["sent"]:
        _words_of(paper, part["sent"])


def _attempt(paper: Paper, attempt: Part) -> None:
    status = f", status {attempt['status']}" if attempt["status"] is not None else ""
    said = f"{attempt['act']}: {_words(attempt['outcome'])}{status}. {attempt['message']}"
    answer = (
        json.dumps(attempt["response"], ensure_ascii=False, sort_keys=True) if attempt["response"] else ""
    )
    paper.fact(_when(attempt["started_at"]), f"{said} {answer}".strip())


def _record(paper: Paper, document: Part) -> None:
    paper.heading("The record’s entries about it")
    entries = document["record"]
    rows = [
        (str(e["seq"] or "–"), _when(e["at"]), e["actor"], _short(e["summary"]), e["seal"]) for e in entries
    ]
    paper.table(("No.", "When", "Who", "What", "Seal"), rows, widths=(8, 20, 16, 46, 10))


def _short(text: str) -> str:
    """What fits a row of a table; it says how much more there is."""
    return (
        text
        if len(text) <= _LONGEST
        else f"{text[:_LONGEST]}… ({len(text) - _LONGEST} more characters in the JSON)"
    )


def _place(account: Part) -> str:
    return f"{NETWORK_NAMES.get(account['network'], account['network'])} ({account['handle']})"


def _name(person: Part | None) -> str:
    return str(person["name"]) if person else ""


def _words(key: str) -> str:
    return key.replace("_", " ")


def _when(iso: str | None) -> str:
    """`2026-11-03 09:00:00`: of UTC, as the first page says."""
    return iso[:19].replace("T", " ") if iso else ""
