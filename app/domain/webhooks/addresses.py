"""Which addresses a notice may be sent to: the public internet, and what the operator lists."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self

import idna

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's special-purpose registries, and the metadata services of clouds that lie outside them.
_CLOSED_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # with 100.100.100.200, Alibaba's metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's own
            "169.254.0.0/16",  # with 169.254.169.254, everybody's metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, reserved and broadcast
        ),
    )
)
_OPEN_6 = IPv6Network("2000::/3")
_CLOSED_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, ORCHID and other protocols
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address in disguise, and long out of use
            "3fff::/20",
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")

# What is never reached, even if the operator lists it: this machine and link, groups of machines,
# and the services that give credentials to whoever asks from a machine in a cloud.
_NEVER = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "100.100.100.200/32",  # Alibaba's metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's own
            "169.254.0.0/16",
            "192.0.0.192/32",  # Oracle's metadata
            "224.0.0.0/3",
            "::/127",
            "fd00:c1::a9fe:a9fe/128",  # Oracle's metadata
            "fd00:ec2::/32",  # Amazon's
            "fd20:ce::254/128",  # Google's
            "fe80::/10",
            "fec0::/10",
            "ff00::/8",
        ),
    )
)


class BadNetwork(ValueError):
    """An entry of the operator's list that is neither network nor name, or is never reached."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where notices may go besides the public internet, as the operator lists it."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()
    """Host names whose addresses may be private; `*.` before one stands for all below it."""
    loopback: bool = False
    """Whether this machine itself may be reached; for development only."""

    @classmethod
    def read(cls, text: str, *, loopback: bool = False) -> Self:
        """The networks and names of a list with commas.

        Raises:
            BadNetwork: an entry is neither, or lies where nothing is ever sent.
        """
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        networks = [network for entry in entries if (network := _network(entry)) is not None]
        names = [_name(entry) for entry in entries if _network(entry) is None]
        return cls(tuple(networks), frozenset(names), loopback)

    def lists_name(self, host: str) -> bool:
        """Whether the operator lists a host name, or all names of a domain above it."""
        labels = host.split(".")
        above = (f"*.{'.'.join(labels[number:])}" for number in range(1, len(labels)))
        return host in self.names or any(name in self.names for name in above)


PUBLIC_ONLY = Reach()


def may_be_reached(address: Address, reach: Reach, host: str = "") -> bool:
    """Whether a notice may go to `address`.

    An IPv4 address within an IPv6 address (mapped, translated, tunnelled) is judged as well.

    Args:
        host: the name that led to the address, if there was one.
    """
    address = _same_place(address)
    if address.is_loopback:
        return reach.loopback
    if _in_any(address, _NEVER):
        return False
    if _is_public(address):
        return True
    listed = _in_any(address, reach.networks) or reach.lists_name(host)
    return listed and all(may_be_reached(each, reach, host) for each in _within(address))


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not _in_any(address, _CLOSED_4)
    return address in _OPEN_6 and not _in_any(address, _CLOSED_6)


def _same_place(address: Address) -> Address:
    """The IPv4 address that a mapped or translated (RFC 6052) one means, or the address."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address


def _within(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses to which a gateway may carry what is sent to an IPv6 address."""
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in IPv6Network("64:ff9b:1::/48"):  # NAT64 of a network of one's own (RFC 8215)
        yield IPv4Address(number & 0xFFFF_FFFF)
        yield IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF)
    if number >> 32 & 0xFDFF_FFFF == 0x5EFE or number >> 32 in {0, 0xFFFF_0000}:
        # ISATAP (RFC 5214), IPv4-compatible (RFC 4291), IPv4-translated (RFC 2765)
        yield IPv4Address(number & 0xFFFF_FFFF)


def _network(entry: str) -> Network | None:
    try:
        network = ip_network(entry, strict=False)
    except ValueError:
        return None
    if any(network[0] in never and network[-1] in never for never in _NEVER):
        raise BadNetwork(f"{entry}: nothing is ever sent there")
    return network


def _name(entry: str) -> str:
    below = entry.removeprefix("*.")
    try:
        host = idna.encode(below, uts46=True, std3_rules=True).decode().rstrip(".").lower()
    except (idna.IDNAError, UnicodeError):
        raise BadNetwork(f"{entry}: neither a network nor a host name") from None
    if host.rpartition(".")[2].isdigit() or host == "localhost" or "/" in entry:
        raise BadNetwork(f"{entry}: neither a network nor a host name")
    return f"*.{host}" if below != entry else host


def _in_any(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def source_network(host: str) -> str:
    """The part of a caller's address that it cannot change at will.

    An IPv4 address is one place; of an IPv6 address a subscriber has at least the lower half to
    choose from. What is no address is one place, too.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return "-"
    mapped = getattr(address, "ipv4_mapped", None)
    if isinstance(address, IPv4Address) or mapped:
        return str(mapped or address)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))
