"""Daily work is done by one engine, however many there are."""

import threading
from datetime import timedelta

from content_library.turns import take_turn


def test_a_turn_is_taken_once_until_its_end(session, clock):
    until = clock() + timedelta(hours=1)
    assert take_turn(session, "tidy", now=clock(), until=until)
    assert not take_turn(session, "tidy", now=clock.advance(minutes=59), until=until)
    assert take_turn(session, "other", now=clock(), until=until)
    assert take_turn(session, "tidy", now=clock.advance(minutes=1), until=until)


def test_of_several_at_once_one_has_it(database, clock):
    taken, now = [], clock()

    def try_it():
        with database.write() as session:
            taken.append(take_turn(session, "tidy", now=now, until=now + timedelta(hours=1)))

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 5 + [True]
