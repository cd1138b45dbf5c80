"""Networks that cannot be run here, written from their official documents: a server each, on loopback."""
