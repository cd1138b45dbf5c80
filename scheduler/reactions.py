"""What the scheduler does when the library has news."""


def listen() -> None:
    """Put our listeners into the library's registry."""
