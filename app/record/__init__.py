"""The record, for those who must prove things."""

from flask import Flask

from app.record.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
