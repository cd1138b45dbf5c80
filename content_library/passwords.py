"""What a password must be: twelve characters, hard to guess, and not one's own name or address. Works offline."""

from zxcvbn import zxcvbn

SHORTEST = 12
LONGEST = 200
_LOOKED_AT = 72  # what zxcvbn looks at; it takes quadratic time
_STRONG_ENOUGH = 3  # of 4: withstands guessing at full speed for hours, behind a slow hash for centuries


def password_problem(password: str, *, email: str = "", name: str = "") -> str | None:
    """Why this password cannot be taken, and what to do; None when it can."""
    if len(password) < SHORTEST:
        return f"Make it at least {SHORTEST} characters long. A sentence is easy to remember."
    if len(password) > LONGEST:
        return f"Keep it under {LONGEST} characters."
    own = _own_words(email, name)
    if email and password.casefold().strip() == email.casefold():
        return "Choose something other than your e-mail address."
    found = zxcvbn(password[:_LOOKED_AT], user_inputs=own)
    if found["score"] >= _STRONG_ENOUGH:
        return None
    return _weakness(found["feedback"]["warning"])


def _own_words(email: str, name: str) -> list[str]:
    words = [*email.replace("@", ".").split("."), *name.split(), email, name, "deskcast"]
    return [word for word in words if len(word) > 2]


def _weakness(warning: str) -> str:
    reason = warning.rstrip(".") or "It is easy to guess"
    return f"{reason}. Add two or three unusual words."
