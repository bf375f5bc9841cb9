"""Which addresses a notice may be sent to: those of the public internet, and no others."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

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


def may_be_reached(address: Address, *, loopback: bool) -> bool:
    """Whether a notice may go to `address`.

    Args:
        loopback: whether this machine itself may be reached; for development only.
    """
    if isinstance(address, IPv6Address):
        inner = _within(address)
        if inner is not None:
            return may_be_reached(inner, loopback=loopback)
    if address.is_loopback:
        return loopback
    if isinstance(address, IPv4Address):
        return not _in_any(address, _CLOSED_4)
    return address in _OPEN_6 and not _in_any(address, _CLOSED_6)


def _within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a mapped or translated (RFC 6052) address stands for."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def _in_any(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
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
