"""What a password must be: twelve characters, hard to guess, and not one's own name or address. Works offline."""

from zxcvbn import zxcvbn

SHORTEST = 12
LONGEST = 200
_LEFT = 8  # characters that are not one's own name
_LOOKED_AT = 72  # what zxcvbn looks at; it takes quadratic time
_STRONG_ENOUGH = 3  # of 4: withstands guessing at full speed for hours, behind a slow hash for centuries


def password_problem(password: str, *, email: str = "", name: str = "") -> str | None:
    """Why this password cannot be taken, and what to do; None when it can."""
    if len(password) < SHORTEST:
        return f"Make it at least {SHORTEST} characters long. A sentence is easy to remember."
    if len(password) > LONGEST:
        return f"Keep it under {LONGEST} characters."
    own = _own_words(email, name)
    if _without(own, password) < _LEFT:
        return "Choose something other than your name or e-mail address."
    found = zxcvbn(password[:_LOOKED_AT], user_inputs=own)
    if found["score"] >= _STRONG_ENOUGH:
        return None
    return _weakness(found["feedback"]["warning"])


def _own_words(email: str, name: str) -> list[str]:
    words = {*email.replace("@", ".").split("."), *name.split(), "deskcast"}
    return sorted((word.casefold() for word in words if len(word) > 2), key=len, reverse=True)


def _without(own: list[str], password: str) -> int:
    """How many characters are left when the own words are taken out."""
    left = password.casefold()
    for word in own:
        left = left.replace(word, "")
    return len(left)


def _weakness(warning: str) -> str:
    reason = warning.rstrip(".") or "It is easy to guess"
    return f"{reason}. Add two or three unusual words."
