"""The demo desk: an invented kitchenware shop, loaded into an empty database through the product's own verbs."""

from app.demo.loading import is_demo, load

__all__ = ["is_demo", "load"]
