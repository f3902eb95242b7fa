"""One subscription's backlog under any order of events: nothing is lost, nothing has two holders."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localcloud.pubsub.backlog import Backlog, Message

DEADLINE = 10.0
EVENTS = st.lists(
    st.one_of(
        st.just(("publish", 0)),
        st.tuples(st.just("pull"), st.integers(1, 4)),
        st.tuples(st.just("ack"), st.integers(0, 5)),
        st.tuples(st.just("nack"), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.integers(1, 15)),
    ),
    max_size=60,
)


@given(EVENTS)
def test_every_message_is_held_once_and_comes_until_it_is_acknowledged(events: list[tuple[str, int]]) -> None:
    backlog, now, published, done = Backlog(), 0.0, 0, set[str]()
    holders: list[tuple[str, str, float]] = []
    for kind, number in events:
        held = [(ack_id, message_id) for ack_id, message_id, until in holders if until > now]
        if kind == "publish":
            backlog.add(Message(id=str(published), data=b"", attributes={}, published=now))
            published += 1
        elif kind == "wait":
            now += number
        elif kind == "pull":
            for delivery in backlog.lease(number, now, DEADLINE):
                assert delivery.message.id not in {message_id for _, message_id in held}, "two holders at once"
                assert delivery.message.id not in done, "acknowledged, yet delivered again"
                holders.append((delivery.ack_id, delivery.message.id, now + DEADLINE))
        elif held:
            ack_id, message_id = held[number % len(held)]
            holders = [holder for holder in holders if holder[0] != ack_id]
            if kind == "ack":
                backlog.acknowledge(ack_id, retain=False)
                done.add(message_id)
            else:
                delivery = backlog.leased_as(ack_id)
                assert delivery is not None
                delivery.due = now

    now += DEADLINE + 1
    rest = {delivery.message.id for delivery in backlog.lease(1000, now, DEADLINE)}
    assert rest == {str(number) for number in range(published)} - done
