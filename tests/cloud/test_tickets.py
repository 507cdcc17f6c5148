"""Tickets: once, and not for long."""

from cloud import tickets as tickets_module
from cloud.auth import Account, Role, Session
from cloud.tickets import Tickets

SESSION = Session(Account("ada", Role.PATIENT, "p1"), b"1", 10**18)
OTHER = Session(Account("bea", Role.PATIENT, "p2"), b"2", 10**18)


def test_a_ticket_is_good_once() -> None:
    tickets = Tickets()
    ticket = tickets.issue(SESSION, 0)
    assert tickets.redeem(ticket, 1) == SESSION
    assert tickets.redeem(ticket, 1) is None


def test_a_ticket_is_good_for_thirty_seconds() -> None:
    tickets = Tickets()
    early, late = tickets.issue(SESSION, 0), tickets.issue(SESSION, 0)
    assert tickets.redeem(early, 29.9) == SESSION
    assert tickets.redeem(late, 30.0) is None


def test_nobody_guesses_one() -> None:
    tickets = Tickets()
    tickets.issue(SESSION, 0)
    assert tickets.redeem("", 0) is None
    issued = {tickets.issue(SESSION, 0) for _ in range(100)}
    assert len(issued) == 100
    assert min(map(len, issued)) >= 43


def test_a_session_that_ends_takes_its_tickets_along() -> None:
    tickets = Tickets()
    mine, other = tickets.issue(SESSION, 0), tickets.issue(OTHER, 0)
    tickets.revoke(SESSION)
    assert tickets.redeem(mine, 0) is None
    assert tickets.redeem(other, 0) == OTHER


def test_so_many_are_kept_and_no_more() -> None:
    tickets = Tickets()
    first = tickets.issue(SESSION, 0)
    for _ in range(tickets_module._MOST_TICKETS):
        tickets.issue(SESSION, 1)
    assert len(tickets._waiting) == tickets_module._MOST_TICKETS
    assert tickets.redeem(first, 1) is None


def test_expired_ones_are_forgotten() -> None:
    tickets = Tickets()
    tickets.issue(SESSION, 0)
    tickets.issue(SESSION, 31)
    assert len(tickets._waiting) == 1
