"""Deskcast in real Chromium, as the people of the demo desk use it."""
