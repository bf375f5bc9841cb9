"""Where a notice may go: names, ports and addresses that are taken, and those that are not."""

from ipaddress import ip_address

import pytest

from app.domain.errors import Invalid
from app.domain.webhooks.addresses import PUBLIC_ONLY, BadNetwork, Reach, may_be_reached
from app.domain.webhooks.endpoint import endpoint

DEVELOPMENT = Reach(loopback=True)


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",  # noqa: S104 - nobody listens here
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.168.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:5db8:d70e::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_nothing_is_sent_within(text: str) -> None:
    assert not may_be_reached(ip_address(text), PUBLIC_ONLY)


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1",
        "93.184.215.14",
        "172.32.0.1",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
    ],
)
def test_what_is_public_may_be_reached(text: str) -> None:
    assert may_be_reached(ip_address(text), PUBLIC_ONLY)


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_be_reached_only_in_development(text: str) -> None:
    assert may_be_reached(ip_address(text), DEVELOPMENT)
    assert not may_be_reached(ip_address("10.0.0.1"), DEVELOPMENT)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://receiver.example", "https://receiver.example/"),
        ("HTTPS://Receiver.EXAMPLE./a?b=c", "https://receiver.example/a?b=c"),
        (
            "https://receiver.example:8443/a%20b",
            "https://receiver.example:8443/a%20b",
        ),
        ("https://つなぐ.example/通知", "https://xn--z8jwbs.example/%E9%80%9A%E7%9F%A5"),
        ("https://ｒｅｃｅｉｖｅｒ.example/", "https://receiver.example/"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://[2606:4700::1111]:443/", "https://[2606:4700::1111]:443/"),
    ],
)
def test_an_endpoint_has_one_normal_form(text: str, normal: str) -> None:
    found = endpoint(text, PUBLIC_ONLY)
    assert found.url == normal
    assert endpoint(found.url, PUBLIC_ONLY) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://receiver.example/", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"),
        ("//receiver.example/", "url_scheme"),
        ("https://a@receiver.example/", "url_credentials"),
        ("https://a:b@receiver.example/", "url_credentials"),
        ("https://@receiver.example/", "url_credentials"),
        ("https://receiver.example/#x", "url_fragment"),
        ("https://receiver.example:0/", "url_port"),
        ("https://receiver.example:25/", "url_port"),
        ("https://receiver.example:80/", "url_port"),
        ("https://receiver.example:99999/", "url"),
        ("https://receiver.example:x/", "url"),
        ("https:///path", "url_host"),
        ("https://receiver/", "url_host"),
        ("https://localhost/", "url_host"),
        ("https://a.localhost./", "url_host"),
        ("https://metadata.google.internal/", "url_host"),
        ("https://a_b.example/", "url_host"),
        ("https://2130706433/", "url_host"),
        ("https://0x7f000001/", "url_host"),
        ("https://0177.0.0.1/", "url_host"),
        ("https://127.1/", "url_host"),
        ("https://１２７.0.0.1/", "url_address"),
        ("https://127.0.0.1./", "url_address"),
        ("https://[::1]/", "url_address"),
        ("https://[fe80::1%25eth0]/", "url_address"),
        ("https://[::ffff:7f00:1]/", "url_address"),
        ("https://receiver.example/\r\nX: y", "url"),
        ("https://receiver.example\t/", "url"),
        ("https://receiver.example\\.evil.example/", "url"),
        ("https://receiver.example/" + 2048 * "a", "url"),
    ],
)
def test_what_is_no_endpoint_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        endpoint(text, PUBLIC_ONLY)
    assert refused.value.facts["errors"] == [{"pointer": "/url", "reason": reason}]


@pytest.mark.parametrize(
    "text", ["http://localhost:8000/", "http://127.0.0.1/", "https://[::1]:9/"]
)
def test_in_development_this_machine_may_be_spoken_to(text: str) -> None:
    assert endpoint(text, DEVELOPMENT).url == text
    with pytest.raises(Invalid):
        endpoint("http://receiver.example/", DEVELOPMENT)
    with pytest.raises(Invalid):
        endpoint("https://10.0.0.1/", DEVELOPMENT)


INSIDE = Reach.read("10.20.0.0/16, fd12:3456::/32, hooks.example.lg.jp, *.lgwan.example, printer")


@pytest.mark.parametrize(
    "text", ["10.20.3.4", "::ffff:10.20.3.4", "64:ff9b::a14:304", "fd12:3456::1"]
)
def test_a_network_that_the_operator_lists_may_be_reached(text: str) -> None:
    assert may_be_reached(ip_address(text), INSIDE)
    assert not may_be_reached(ip_address(text), PUBLIC_ONLY)
    assert not may_be_reached(ip_address("10.21.0.1"), INSIDE)


@pytest.mark.parametrize(
    "host", ["hooks.example.lg.jp", "a.lgwan.example", "a.b.lgwan.example", "printer"]
)
def test_a_name_that_the_operator_lists_may_lead_to_a_private_address(host: str) -> None:
    assert endpoint(f"https://{host}/", INSIDE).host == host
    assert may_be_reached(ip_address("192.168.1.1"), INSIDE, host)
    assert not may_be_reached(ip_address("192.168.1.1"), INSIDE, f"x-{host}.example")
    assert not may_be_reached(ip_address("192.168.1.1"), INSIDE)


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",  # noqa: S104 - nobody listens here
        "127.0.0.1",
        "169.254.169.254",
        "169.254.1.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "ff02::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "::ffff:127.0.0.1",
        "::ffff:0:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::",
        "2002:a9fe:a9fe::1",
        "2002:7f00:1::1",
        "2001:0:a9fe:a9fe::1",
        "fd12:3456::5efe:a9fe:a9fe",
    ],
)
def test_what_is_never_reached_is_not_even_if_it_is_listed(text: str) -> None:
    everything = Reach.read("0.0.0.0/0, ::/0, listed.example")
    assert not may_be_reached(ip_address(text), everything)
    assert not may_be_reached(ip_address(text), everything, "listed.example")


@pytest.mark.parametrize(
    "text",
    [
        "169.254.0.0/16", "127.0.0.1", "169.254.169.254/32", "ff00::/8", "::1", "fe80::/64",
        "10.0.0.0/33", "a b", "localhost", "https://a.example", "10.0.0", "*", "*.*.example",
    ],
)  # fmt: skip
def test_a_list_with_what_is_never_reached_or_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(BadNetwork):
        Reach.read(f"10.0.0.0/8, {text}")
