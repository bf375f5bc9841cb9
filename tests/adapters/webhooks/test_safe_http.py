"""The address guards at the moment of connection, with names that change what they stand for."""

import asyncio
import datetime as dt
import socket
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.adapters.webhooks.lookup import Lookup, check_host, is_own
from app.adapters.webhooks.safe_http import HttpSender, Outside
from app.domain.errors import Invalid
from app.domain.webhooks.addresses import PUBLIC_ONLY, Reach
from tests.adapters.webhooks.conftest import Delivery
from tests.support.receiver import Receiver, saying

NAME = "receiver.example"
DEVELOPMENT = Reach(loopback=True)
PUBLIC = "93.184.215.14"


def answering(*answers: Sequence[str]) -> tuple[Lookup, list[str]]:
    """A resolver that gives one answer after the other, and what it was asked."""
    asked: list[str] = []
    left: Iterator[Sequence[str]] = iter(answers)

    async def lookup(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return next(left)

    return lookup, asked


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["169.254.169.254"]],
)
async def test_a_name_is_refused_if_any_of_its_addresses_is_not_public(
    addresses: list[str],
) -> None:
    lookup, _ = answering(addresses, addresses)
    with pytest.raises(Invalid) as refused:
        await check_host(NAME, 443, lookup, PUBLIC_ONLY)
    assert refused.value.facts["errors"][0]["reason"] == "url_address"
    async with HttpSender(lookup) as outgoing:
        attempt = await outgoing.post(f"https://{NAME}/", {}, b"{}")
    assert attempt.outcome == "address_refused"


async def test_a_name_that_turns_to_this_machine_after_it_was_registered_is_not_connected_to(
    receiver: Receiver,
) -> None:
    lookup, asked = answering([PUBLIC], ["127.0.0.1"])
    await check_host(NAME, receiver.port, lookup, PUBLIC_ONLY)
    async with HttpSender(lookup) as outgoing:
        attempt = await outgoing.post(f"https://{NAME}:{receiver.port}/", {}, b"{}")
    assert attempt.outcome == "address_refused"
    assert asked == [NAME, NAME]
    assert receiver.received == []


async def test_an_address_in_the_url_is_checked_again_too(receiver: Receiver) -> None:
    lookup, asked = answering()
    async with HttpSender(lookup) as outgoing:
        for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1"):
            attempt = await outgoing.post(f"https://{host}:{receiver.port}/", {}, b"{}")
            assert attempt.outcome == "address_refused"
    assert asked == []
    assert receiver.received == []


async def test_it_connects_to_the_address_that_was_checked_with_host_and_sni_of_the_name(
    tmp_path: Path,
) -> None:
    authority, server = certificate(tmp_path)
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    # Were the name looked up twice, the second answer would lead elsewhere.
    lookup, asked = answering(["127.0.0.1"], ["127.0.0.2"])
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with HttpSender(lookup, Outside(DEVELOPMENT, authority)) as outgoing:
            attempt = await outgoing.post(f"https://{NAME}:{port}/x", {}, b"{}")
    assert attempt.outcome == "delivered"
    assert asked == [NAME]
    assert names == [NAME]
    assert f"Host: {NAME}:{port}\r\n".encode() in heads[0]


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    _, server = certificate(tmp_path)

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server) as listening:
        port = listening.sockets[0].getsockname()[1]
        lookup, _ = answering(["127.0.0.1"])
        async with HttpSender(lookup, Outside(DEVELOPMENT)) as outgoing:
            attempt = await outgoing.post(f"https://{NAME}:{port}/", {}, b"{}")
    assert attempt.outcome == "tls"


async def test_a_certificate_of_ours_is_shown_to_a_receiver_that_asks_for_one(
    tmp_path: Path,
) -> None:
    authority, server = certificate(tmp_path)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(authority)
    lookup, _ = answering(*4 * [["127.0.0.1"]])
    with_one = Outside(DEVELOPMENT, authority, authority, tmp_path / "key.pem")
    async with receiver_over_tls(server) as url:
        async with HttpSender(lookup, with_one) as outgoing:
            assert (await outgoing.post(url, {}, b"{}")).outcome == "delivered"
        async with HttpSender(lookup, Outside(DEVELOPMENT, authority)) as outgoing:
            refused = (await outgoing.post(url, {}, b"{}")).outcome
            assert refused in {"tls", "broken_off"}  # a receiver need not say what it lacks


async def test_a_private_network_is_reached_if_the_operator_lists_it() -> None:
    lookup, _ = answering(*4 * [["10.20.0.1"]])
    inside = Reach.read("10.20.0.0/16")
    assert await check_host(NAME, 443, lookup, inside) == ["10.20.0.1"]
    with pytest.raises(Invalid):
        await check_host(NAME, 443, lookup, Reach.read("10.21.0.0/16"))
    async with HttpSender(lookup, Outside(inside), timeout=0.2) as outgoing:
        attempt = await outgoing.post(f"https://{NAME}/", {}, b"{}")
    assert attempt.outcome != "address_refused"  # who is there is not ours to say
    async with HttpSender(lookup) as outgoing:
        attempt = await outgoing.post(f"https://{NAME}/", {}, b"{}")
    assert attempt.outcome == "address_refused"


@pytest.mark.parametrize("host", [NAME, "[2606:4700::1111]", "93.184.215.14"])
async def test_through_a_proxy_the_receiver_is_spoken_to_by_tls_from_end_to_end(
    tmp_path: Path, host: str
) -> None:
    authority, server = certificate(tmp_path)
    lookup, _ = answering(*6 * [[PUBLIC]])
    async with receiver_over_tls(server) as url, Proxy(port_of(url)) as proxy:
        outside = Outside(PUBLIC_ONLY, authority, proxy=f"http://an%40agency:word@{proxy.address}")
        async with HttpSender(lookup, outside) as outgoing:
            outcomes = [
                (await outgoing.post(f"https://{host}:8443/x", {}, b"{}")).outcome for _ in range(2)
            ]
    assert proxy.asked[0] == f"CONNECT {host}:8443 HTTP/1.1"
    assert proxy.credentials == "an@agency:word"
    if host == NAME:
        assert outcomes == 2 * ["delivered"]
        assert len(proxy.asked) == 1  # the tunnel is kept
    else:
        assert outcomes == 2 * ["tls"]  # the certificate is for the name


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("10.0.0.1", []),
        ("169.254.169.254", []),
        (NAME, ["10.0.0.1"]),
        (NAME, [PUBLIC, "169.254.169.254"]),
    ],
)
async def test_a_proxy_is_not_asked_for_an_address_that_this_machine_knows_to_be_forbidden(
    host: str, addresses: list[str]
) -> None:
    lookup, _ = answering(addresses)
    async with Proxy(1) as proxy, sender_by(proxy, lookup) as outgoing:
        attempt = await outgoing.post(f"https://{host}/", {}, b"{}")
    assert attempt.outcome == "address_refused"
    assert proxy.asked == []


async def test_a_name_that_only_the_proxy_knows_is_left_to_it(tmp_path: Path) -> None:
    authority, server = certificate(tmp_path)

    async def nothing(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    assert await check_host(NAME, 443, nothing, PUBLIC_ONLY, by_proxy=True) == []
    async with receiver_over_tls(server) as url, Proxy(port_of(url)) as proxy:
        outside = Outside(PUBLIC_ONLY, authority, proxy=f"http://{proxy.address}")
        async with HttpSender(nothing, outside) as outgoing:
            assert (await outgoing.post(f"https://{NAME}/", {}, b"{}")).outcome == "delivered"


async def test_a_proxy_that_refuses_or_is_away_is_told_apart_from_the_receiver() -> None:
    lookup, _ = answering(*4 * [[PUBLIC]])
    async with Proxy(1, refuses=True) as proxy, sender_by(proxy, lookup) as outgoing:
        assert (await outgoing.post(f"https://{NAME}/", {}, b"{}")).outcome == "proxy"
    async with sender_by(proxy, lookup) as outgoing:
        assert (await outgoing.post(f"https://{NAME}/", {}, b"{}")).outcome == "proxy"


async def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup, _ = answering()
    async with Proxy(1) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.address}")
        async with HttpSender(lookup, Outside(DEVELOPMENT)) as outgoing:
            assert (await outgoing.post(receiver.url(), {}, b"{}")).outcome == "delivered"
    assert proxy.asked == []


async def test_a_redirect_into_the_house_is_not_followed(
    delivery: Delivery, receiver: Receiver
) -> None:
    async with Receiver() as inside:
        receiver.answer = saying("302 Found", f"Location: {inside.url()}")
        hook = await delivery.hook(receiver.url())
        async with delivery.courier():
            await delivery.send()
            assert await delivery.until_attempts(hook, 1) == ["redirect"]
        assert inside.received == []


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for NAME that only whoever is told so trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    issued = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(issued.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


@asynccontextmanager
async def receiver_over_tls(server: ssl.SSLContext) -> AsyncIterator[str]:
    """The URL of a receiver that takes everything."""
    async with Receiver(tls=server) as receiver:
        yield f"https://{NAME}:{receiver.port}/"


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


@dataclass
class Proxy:
    """A proxy that leads each tunnel to one port of this machine."""

    port: int
    refuses: bool = False
    asked: list[str] = field(default_factory=list)
    credentials: str | None = None

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        ends = [writer]
        try:
            await self._tunnel(reader, writer, ends)
        finally:
            for end in ends:
                end.close()
                with suppress(ConnectionError, asyncio.CancelledError):
                    await end.wait_closed()

    async def _tunnel(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ends: list[asyncio.StreamWriter],
    ) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.asked.append(head[0])
        for line in head[1:]:
            if line.lower().startswith("proxy-authorization: basic "):
                self.credentials = b64decode(line.split()[-1]).decode()
        if self.refuses:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        back, onward = await asyncio.open_connection("127.0.0.1", self.port)
        ends.append(onward)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pipe(reader, onward), _pipe(back, writer))


def sender_by(proxy: Proxy, lookup: Lookup) -> HttpSender:
    return HttpSender(lookup, Outside(proxy=f"http://{proxy.address}"))


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


def own_address() -> str | None:
    """An address of this machine that is not its loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if ip_address(address).is_loopback else address


@pytest.mark.skipif(own_address() is None, reason="this machine has no address but its loopback")
async def test_a_listed_network_does_not_lead_to_this_machine_itself() -> None:
    own = own_address()
    assert own is not None
    reach = Reach.read(f"{own}/24")

    async def lookup(host: str, port: int) -> Sequence[str]:  # noqa: ARG001 -- as Lookup has it
        return [own]

    for host in (NAME, own):
        with pytest.raises(Invalid):
            await check_host(host, 443, lookup, reach)
        async with HttpSender(lookup, Outside(reach)) as sender:
            attempt = await sender.post(f"https://{host}/x", {}, b"{}")
        assert attempt.outcome == "address_refused"


def test_an_address_is_this_machines_if_it_can_be_bound_to() -> None:
    for address in ("127.0.0.1", "127.8.9.10"):
        assert is_own(address, PUBLIC_ONLY)
        assert not is_own(address, Reach(loopback=True))  # for development
    for address in ("192.0.2.7", "198.51.100.1", "2001:db8::7", "2001:db8::8"):
        assert not is_own(address, PUBLIC_ONLY)


def test_where_any_address_can_be_bound_to_the_way_to_it_tells_whose_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    any_address = "app.adapters.webhooks.lookup._can_bind"
    monkeypatch.setattr(any_address, lambda _: True)  # as with `ip_nonlocal_bind`
    for address in filter(None, ("127.0.0.1", own_address())):
        assert is_own(address, PUBLIC_ONLY)
    for address in ("198.51.100.1", "2001:db8::8"):
        assert not is_own(address, PUBLIC_ONLY)
