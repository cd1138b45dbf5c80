"""The library of one desk and its people's browsers."""

from tests.app.posts.conftest import World, application, jonas, maya, priya, ruth, world

__all__ = ["World", "application", "jonas", "maya", "priya", "ruth", "world"]
