"""Tests of content_library."""
