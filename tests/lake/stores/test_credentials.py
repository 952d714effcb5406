"""Credentials are asked for once, and again before they expire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from floe.lake.stores.credentials import Credentials, RenewableCredentials, fixed


class Issuer:
    """Gives numbered credentials that live for a while."""

    def __init__(self, life: timedelta | None) -> None:
        self.life = life
        self.given = 0

    def __call__(self) -> Credentials:
        self.given += 1
        expires_at = None if self.life is None else datetime.now(UTC) + self.life
        return Credentials({"access_token": f"canary-{self.given}"}, expires_at)


def test_credentials_that_live_on_are_asked_for_once() -> None:
    issuer = Issuer(timedelta(hours=1))
    renewable = RenewableCredentials(issuer)
    assert issuer.given == 0
    assert renewable.current() is renewable.current()
    assert issuer.given == 1


def test_credentials_are_renewed_five_minutes_before_they_expire_or_in_the_last_third_of_a_short_life() -> None:
    for life, margin in ((timedelta(hours=1), timedelta(minutes=5)), (timedelta(minutes=3), timedelta(minutes=1))):
        renewable = RenewableCredentials(Issuer(life))
        expires_at = renewable.current().expires_at
        assert expires_at is not None
        assert renewable.renew_at is not None
        assert abs(expires_at - renewable.renew_at - margin) < timedelta(seconds=1)
    expired = Issuer(timedelta(seconds=-1))
    renewable = RenewableCredentials(expired)
    assert renewable.current() is not renewable.current()


def test_refused_credentials_are_renewed_where_there_are_others_to_be_had() -> None:
    issuer = Issuer(timedelta(hours=1))
    renewable = RenewableCredentials(issuer)
    refused = renewable.current()
    assert renewable.renew(refused)
    assert renewable.renew(refused), "another thread has renewed them already"
    assert issuer.given == 2

    lasting = fixed(Credentials({"access_token": "x"}))
    assert not lasting.renew(lasting.current())


def test_no_text_of_credentials_shows_a_value() -> None:
    assert "canary" not in repr(Issuer(None)())
