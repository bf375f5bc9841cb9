"""The address guards at the moment of connection, with names that change what they stand for."""

import asyncio
import datetime as dt
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.adapters.webhooks.safe_http import HttpSender, Lookup, check_host
from app.domain.errors import Invalid
from tests.adapters.webhooks.conftest import Delivery
from tests.support.receiver import Receiver, saying

NAME = "receiver.example"
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
        await check_host(NAME, 443, lookup, loopback=False)
    assert refused.value.facts["errors"][0]["reason"] == "url_address"
    async with HttpSender(lookup) as outgoing:
        attempt = await outgoing.post(f"https://{NAME}/", {}, b"{}")
    assert attempt.outcome == "address_refused"


async def test_a_name_that_turns_to_this_machine_after_it_was_registered_is_not_connected_to(
    receiver: Receiver,
) -> None:
    lookup, asked = answering([PUBLIC], ["127.0.0.1"])
    await check_host(NAME, receiver.port, lookup, loopback=False)
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
        async with HttpSender(lookup, loopback=True, authorities=str(authority)) as outgoing:
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
        async with HttpSender(lookup, loopback=True) as outgoing:
            attempt = await outgoing.post(f"https://{NAME}:{port}/", {}, b"{}")
    assert attempt.outcome == "tls"


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
