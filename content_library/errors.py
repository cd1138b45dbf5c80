"""The refusals every layer speaks; `app.errors` turns each into one kind of answer."""

from collections.abc import Mapping


class Refusal(Exception):
    """Something a person asked for that is not done; the message says what, where and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PermissionDenied(Refusal):
    """Not allowed to this person (403)."""


class NotFound(Refusal):
    """No such thing here; also the answer to another desk's thing (404)."""


class TransitionNotAllowed(Refusal):
    """Too late: the thing has moved on (409)."""


class Conflict(Refusal):
    """Somebody else changed it meanwhile; nothing was overwritten (409)."""


class InvalidInput(Refusal):
    """What was entered cannot be used (422). `fields` maps a field's name to its sentence."""

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})
