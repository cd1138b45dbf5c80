"""The pages of `app.posts`."""

from flask import Blueprint

blueprint = Blueprint("posts", __name__)
