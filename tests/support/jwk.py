"""A public key as clients give it, others with which nothing can be verified, and signatures."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

ES256_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
"""RFC 7517, appendix A.1, and RFC 7515, appendix A.3: a point of P-256."""

_P384 = {
    "kty": "EC",
    "crv": "P-384",
    "x": "a" * 64,
    "y": "b" * 64,
}
_RSA = {
    "kty": "RSA",
    "n": "u1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0",
    "e": "AQAB",
}

UNUSABLE_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "RSA": (_RSA, "P-256"),
    "P-384": (_P384, "P-256"),
    "Ed25519": ({"kty": "OKP", "crv": "Ed25519", "x": ES256_KEY["x"]}, "P-256"),
    "a shared secret": ({"kty": "oct", "k": "c2VjcmV0"}, "private"),
    "a private key": ({**ES256_KEY, "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}, "private"),
    "a set": ({"keys": [ES256_KEY]}, "a set of keys"),
    "off the curve": ({**ES256_KEY, "y": ES256_KEY["x"]}, "no point"),
    "the point zero": ({**ES256_KEY, "x": "A" * 43, "y": "A" * 43}, "no point"),
    "beyond the field": ({**ES256_KEY, "x": "_" * 42 + "8"}, "no point"),
    "another algorithm": ({**ES256_KEY, "alg": "ES384"}, "alg"),
    "for encryption": ({**ES256_KEY, "use": "enc"}, "use"),
    "for signing alone": ({**ES256_KEY, "key_ops": ["sign"]}, "key_ops"),
    "operations that are none": ({**ES256_KEY, "key_ops": 7}, "key_ops"),
    "padded": ({**ES256_KEY, "x": ES256_KEY["x"] + "="}, "its x"),
    "in another spelling": ({**ES256_KEY, "x": ES256_KEY["x"][:-1] + "V"}, "its x"),
    "in base64": ({**ES256_KEY, "y": ES256_KEY["y"].replace("_", "/")}, "its y"),
    "too short": ({**ES256_KEY, "x": ES256_KEY["x"][:-2]}, "its x"),
    "a number": ({**ES256_KEY, "x": 7}, "its x"),
    "half a key": ({"kty": "EC", "crv": "P-256", "x": ES256_KEY["x"]}, "its y"),
    "another curve": ({**ES256_KEY, "crv": "secp256k1"}, "P-256"),
    "nothing": ({}, "P-256"),
}
"""Each with a word of the reason that is given."""


def with_high_s(token: str) -> str:
    """The same compact JWS with the other signature (r, n - s) that its key gives the same text."""
    signed, _, encoded = token.rpartition(".")
    raw = urlsafe_b64decode(encoded + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    s = int.from_bytes(raw[32:], "big")
    high = raw[:32] + max(s, order - s).to_bytes(32, "big")
    return f"{signed}.{urlsafe_b64encode(high).decode().rstrip('=')}"
