"""The pages behind the links of mails: read one text, decide once, without signing in."""

from flask import Flask

from app.decisions.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
