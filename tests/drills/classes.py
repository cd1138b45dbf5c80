"""Which of the drills' networks is of which class. Light: a sender process imports this and nothing heavy."""

import os
from collections.abc import Mapping

from service_channel.networks.base import Network, NetworkClass
from tests.posting_fakes import PostingNetwork

K, I, Q, B = NetworkClass.KEYED, NetworkClass.IDENTIFIED, NetworkClass.QUERYABLE, NetworkClass.BLIND  # noqa: E741

NETWORKS: Mapping[NetworkClass, str] = {I: "bluesky", K: "mastodon", Q: "x", B: "threads"}
"""All of them are the counting network; a name only says how long a text may be."""

CLASSES = {name: kind for kind, name in NETWORKS.items()}
THROUGH_SENDERS = (K, Q, B)


def posting() -> Mapping[str, Network]:
    """What leaves through a sender.

    DRILL_KEY_WINDOW_S: the keyed one remembers keys for so many seconds, and nobody can look there.
    """
    window_s = os.environ.get("DRILL_KEY_WINDOW_S")
    keyed = {} if window_s is None else {"key_window_s": float(window_s), "can_read": False}
    return {
        NETWORKS[kind]: PostingNetwork(NETWORKS[kind], kind, **(keyed if kind is K else {}))
        for kind in THROUGH_SENDERS
    }
