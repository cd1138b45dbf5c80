"""How a desk is doing, for those who lead it: its accounts, what is overdue, what needs a person."""

from flask import Flask

from app.status.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
