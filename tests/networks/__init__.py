"""Tests of the networks, with real servers and with a process that misbehaves on purpose."""
