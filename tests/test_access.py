"""Hosts, passwords, and how often."""

from __future__ import annotations

import base64

import pytest

from ragqa.errors import SettingsError
from ragqa.server.access import Access, Buckets, client_of, is_loopback

PASSWORD = "correct horse battery"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def access(host: str = "127.0.0.1", hosts: str = "", password: str = "") -> Access:
    return Access.of(host=host, hosts=hosts, password=password, rate=5)


@pytest.mark.parametrize(
    ("host", "hosts"), [("0.0.0.0", ""), ("192.168.1.5", ""), ("::", ""), ("127.0.0.1", "news.example")]
)
def test_beyond_this_machine_nothing_opens_without_a_password(host: str, hosts: str) -> None:
    with pytest.raises(SettingsError, match="RAGQA_PASSWORD"):
        access(host, hosts)
    with pytest.raises(SettingsError, match="too short"):
        access(host, hosts, "short")
    assert access(host, hosts, PASSWORD).beyond


def test_on_this_machine_no_password_is_needed_and_one_may_be_set() -> None:
    assert access().password == ""
    assert not access(password=PASSWORD).beyond


def test_only_names_of_this_server_are_its_own() -> None:
    here, there = access(), access("0.0.0.0", "News.example, b.example", PASSWORD)
    for name in ("localhost", "127.0.0.1", "127.8.8.8", "::1"):
        assert here.is_ours(name)
        assert there.is_ours(name)
    for name in ("news.example", "b.example", "192.168.1.5", "fd00::1"):
        assert not here.is_ours(name)
        assert there.is_ours(name)
    for name in ("", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0x7f000001"):
        assert not here.is_ours(name)
        assert not there.is_ours(name)
    behind_a_proxy = access("127.0.0.1", "news.example", PASSWORD)
    assert behind_a_proxy.is_ours("news.example")


def test_the_password_is_known_in_two_forms_with_any_user_name() -> None:
    asked = access(password=PASSWORD)
    for header in (basic("", PASSWORD), basic("anna", PASSWORD), f"Bearer {PASSWORD}", f"bearer  {PASSWORD}"):
        assert asked.knows(header), header


@pytest.mark.parametrize(
    "header",
    [
        "", "Basic", "Basic !", "Basic ====", PASSWORD, f"Digest {PASSWORD}", "Bearer", f"Bearer {PASSWORD}x",
        basic("anna", ""), basic(PASSWORD, ""), basic("anna", PASSWORD.upper()), "Basic " + "A" * 100_000, "Basic é",
    ],
)  # fmt: skip
def test_nothing_else_is_a_password(header: str) -> None:
    assert not access(password=PASSWORD).knows(header)


def test_a_bucket_empties_and_fills_again() -> None:
    now = [0.0]
    buckets = Buckets(most=2, a_second=0.5, clock=lambda: now[0])
    for _ in range(2):
        assert buckets.wait("a") == 0
        buckets.take("a")
    assert buckets.wait("a") == 2
    assert buckets.wait("b") == 0
    now[0] = 1.0
    assert buckets.wait("a") == 1
    now[0] = 2.0
    assert buckets.wait("a") == 0
    now[0] = 1000.0
    for _ in range(2):
        buckets.take("a")
    assert buckets.wait("a") == 2


def test_a_flood_of_addresses_takes_no_memory() -> None:
    buckets = Buckets(most=1, a_second=1)
    for number in range(20_000):
        buckets.take(str(number))
    assert len(buckets._left) == 10_000
    assert buckets.wait("19999") == 1


def test_a_customer_s_many_addresses_are_one_client() -> None:
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:1") != client_of("2001:db8:1::1")
    assert client_of("10.0.0.1") != client_of("10.0.0.2")
    assert client_of("testclient") == "testclient"


def test_loopback_is_this_machine() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "example.org", "")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
