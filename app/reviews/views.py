"""The pages of `app.reviews`."""

from flask import Blueprint

blueprint = Blueprint("reviews", __name__)
