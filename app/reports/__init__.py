"""Reports: a desk's figures with their definitions, as pictures, tables and files."""

from flask import Flask

from app.reports.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
