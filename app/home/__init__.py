"""Today: what needs me, what goes out, what came back."""

from flask import Flask

from app.home.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
