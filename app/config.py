"""What Flask is told, from the installation's settings."""

from typing import Any

from content_library.settings import Settings

LARGEST_REQUEST = 25 * 1024 * 1024


def flask_config(settings: Settings) -> dict[str, Any]:
    """The configuration mapping. `__Host-` cookies exactly when the public address is https."""
    prefix = "__Host-" if settings.is_https else ""
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "MAX_CONTENT_LENGTH": LARGEST_REQUEST,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
        "TRUSTED_HOSTS": list(settings.trusted_hosts),
        "SESSION_COOKIE_NAME": f"{prefix}deskcast_visit",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SIGN_IN_COOKIE": f"{prefix}deskcast_session",
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,  # Origin and Sec-Fetch-Site are checked for every unsafe request instead
        "PREFERRED_URL_SCHEME": "https" if settings.is_https else "http",
        "TEMPLATES_AUTO_RELOAD": False,
    }
