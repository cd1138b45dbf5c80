"""The pages of `app.library`."""

from flask import Blueprint

blueprint = Blueprint("library", __name__)
