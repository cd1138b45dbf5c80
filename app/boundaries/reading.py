"""Between what a version says and the form's fields."""

from collections.abc import Iterable
from typing import Any

from app.boundaries.forms import BoundaryForm
from app.forms import instant
from content_library.boundaries.rules import Detector, Severity
from content_library.boundary_editing import Wording
from content_library.models.boundary import BoundaryVersion


def wording(form: BoundaryForm, detector: Detector) -> Wording:
    """What the form says. Raises InvalidInput at `effective_at`."""
    return Wording(
        severity=Severity(form.severity.data),
        settings=_settings(form, detector),
        advice=form.advice.data or "",
        team_key=form.team_key.data or "",
        needs_evidence=bool(form.needs_evidence.data),
        effective_at=instant(form.effective_at.data, field="effective_at"),
        why=form.why.data or "",
    )


def _settings(form: BoundaryForm, detector: Detector) -> dict[str, Any]:
    allowed = lines(form.allowed.data)
    match detector:
        case Detector.WORDS:
            return {"words": lines(form.words.data), "allowed": allowed}
        case Detector.PERSONAL_DATA:
            return {
                "kinds": form.kinds.data or [],
                "patterns": _patterns(form.patterns.data),
                "allowed": allowed,
            }
        case Detector.LINKS:
            hosts = {"refused": lines(form.refused.data), "allowed": allowed}
            return {**hosts, "shortened": bool(form.shortened.data)}
        case Detector.PRODUCTS:
            return {"allowed": allowed}
        case Detector.MANNER:
            return {"marks": form.marks.data or 2}
        case Detector.READING:
            return {"most": form.most.data or 50}
    return {}


def values(version: BoundaryVersion | None) -> dict[str, Any]:
    """What stands in the fields for this version; for a new boundary what is sensible."""
    if version is None:
        return {"severity": Severity.INFORM.value, "shortened": True, "marks": 2, "most": 50}
    said = version.settings
    return {
        "seen": str(version.boundary.latest_number),
        "name": version.boundary.name,
        "words": "\n".join(said.get("words", ())),
        "allowed": "\n".join(said.get("allowed", ())),
        "refused": "\n".join(said.get("refused", ())),
        "kinds": said.get("kinds", []),
        "patterns": "\n".join(f"{p['name']}: {p['shape']}" for p in said.get("patterns", ())),
        "shortened": said.get("shortened", True),
        "marks": said.get("marks", 2),
        "most": said.get("most", 50),
        "severity": version.severity.value,
        "team_key": version.team_key,
        "needs_evidence": version.needs_evidence,
        "advice": version.advice,
    }


def lines(text: str | None) -> list[str]:
    """One entry a line, each once, in their order."""
    return list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))


def _patterns(text: str | None) -> list[dict[str, str]]:
    """`order number: BH-######` as name and shape."""
    parts: Iterable[tuple[str, str, str]] = (line.partition(":") for line in lines(text))
    return [{"name": name.strip(), "shape": shape.strip()} for name, _colon, shape in parts]
