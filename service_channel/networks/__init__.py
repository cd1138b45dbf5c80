"""One file a network, all behind the protocol of `base`."""
