"""The pages of `app.curation`."""

from flask import Blueprint

blueprint = Blueprint("curation", __name__)
