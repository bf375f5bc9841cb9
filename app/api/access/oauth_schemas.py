"""Schemas of the token endpoint, revocation and metadata."""

from typing import Any

from pydantic import BaseModel, Field

from app.api.wire.documented import both
from app.auth.clients import ASSERTION_TYPE

FORM = "application/x-www-form-urlencoded"


class TokenOut(BaseModel):
    """発行されたアクセストークン (RFC 6749 §5.1)。

    An access token that was issued (RFC 6749 §5.1).
    """

    access_token: str = Field(
        description=both("ES256 で署名された JWT", "A JWT that is signed with ES256")
    )
    token_type: str = Field(
        description=both(
            "Bearer。DPoP で鍵に結んだものは DPoP", "Bearer; DPoP if it is bound to a key by DPoP"
        )
    )
    expires_in: int = Field(description=both("有効期間(秒)", "For how long it is valid (seconds)"))
    scope: str = Field(
        description=both(
            "許された範囲(空白区切り)", "The scopes that it holds (separated by spaces)"
        )
    )
    seat: str = Field(
        description=both("このトークンが代表する席", "The seat that this token speaks for")
    )

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "access_token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln",
                    "token_type": "Bearer",
                    "expires_in": 600,
                    "scope": "directory:read inbox:read referral:read",
                    "seat": "center-13.case-worker",
                }
            ]
        }
    }


class TokenError(BaseModel):
    """トークンを発行しない理由 (RFC 6749 §5.2)。

    Why no token is issued (RFC 6749 §5.2).
    """

    error: str
    error_description: str = Field(
        description=both(
            "英語の説明。送られた値は含まない",
            "An explanation in English, without anything that was sent",
        )
    )

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "error": "invalid_client",
                    "error_description": "the client is not known or has not proved who it is",
                }
            ]
        }
    }


class Metadata(BaseModel):
    """認可サーバーのメタデータ (RFC 8414)。

    Metadata of the authorization server (RFC 8414).
    """

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    scopes_supported: list[str]
    response_types_supported: list[str] = []
    grant_types_supported: list[str] = ["client_credentials"]
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic", "private_key_jwt"]
    token_endpoint_auth_signing_alg_values_supported: list[str] = ["ES256"]
    revocation_endpoint_auth_methods_supported: list[str] = [
        "client_secret_basic",
        "private_key_jwt",
    ]
    revocation_endpoint_auth_signing_alg_values_supported: list[str] = ["ES256"]
    dpop_signing_alg_values_supported: list[str] = ["ES256"]
    service_documentation: str
    ui_locales_supported: list[str] = ["ja", "en"]

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "issuer": "https://tsunagu.example",
                    "token_endpoint": "https://tsunagu.example/oauth/token",
                    "revocation_endpoint": "https://tsunagu.example/oauth/revoke",
                    "jwks_uri": "https://tsunagu.example/.well-known/jwks.json",
                    "scopes_supported": ["referral:read", "referral:write"],
                    "response_types_supported": [],
                    "grant_types_supported": ["client_credentials"],
                    "token_endpoint_auth_methods_supported": [
                        "client_secret_basic",
                        "private_key_jwt",
                    ],
                    "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
                    "revocation_endpoint_auth_methods_supported": [
                        "client_secret_basic",
                        "private_key_jwt",
                    ],
                    "revocation_endpoint_auth_signing_alg_values_supported": ["ES256"],
                    "dpop_signing_alg_values_supported": ["ES256"],
                    "service_documentation": "https://tsunagu.example/docs",
                    "ui_locales_supported": ["ja", "en"],
                }
            ]
        }
    }


class Jwk(BaseModel):
    """P-256 の公開鍵 (RFC 7517)。

    A public key on P-256 (RFC 7517).
    """

    kty: str
    crv: str
    x: str
    y: str
    alg: str
    use: str
    kid: str = Field(description=both("RFC 7638 の指紋", "The thumbprint of RFC 7638"))


class Jwks(BaseModel):
    """公開鍵の一覧。次に使う鍵と、過去の受領証のための鍵を含む。

    Public keys, with the one that is used next and those for receipts of the past.
    """

    keys: list[Jwk]

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "keys": [
                        {
                            "kty": "EC",
                            "crv": "P-256",
                            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                            "alg": "ES256",
                            "use": "sig",
                            "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
                        }
                    ]
                }
            ]
        }
    }


_AUTHENTICATION: dict[str, Any] = {
    "client_assertion_type": {"type": "string", "const": ASSERTION_TYPE},
    "client_assertion": {
        "type": "string",
        "description": both(
            "private_key_jwt: iss と sub はクライアントID、aud は"
            "トークンの宛先か発行者、exp は5分以内、jti は一度限り",
            "private_key_jwt: iss and sub are the client's id, aud is the token endpoint or"
            " the issuer, exp is within five minutes, and jti is used once",
        ),
    },
    "client_id": {"type": "string", "description": both("なくてもよい", "May be left out")},
}


def _request(
    required: list[str], properties: dict[str, Any], example: dict[str, str]
) -> dict[str, Any]:
    """An operation that takes a form, with either way of client authentication."""
    schema = {
        "type": "object",
        "required": required,
        "properties": {**properties, **_AUTHENTICATION},
    }
    return {
        "security": [{}],  # private_key_jwt stands in the form
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": schema, "example": example}},
        },
    }


TOKEN_REQUEST = _request(
    ["grant_type"],
    {
        "grant_type": {"type": "string", "const": "client_credentials"},
        "scope": {
            "type": "string",
            "description": both(
                "範囲を狭める(空白区切り)。省略すると席の役割の全部",
                "Narrows the scope (separated by spaces). Without it, all that the seat's role "
                "holds",
            ),
        },
        "seat": {
            "type": "string",
            "description": both(
                "席のID。省略すると最初に結ばれた有効な席",
                "The id of the seat. Without it, the first enabled seat that the client is "
                "linked to",
            ),
        },
    },
    {
        "grant_type": "client_credentials",
        "seat": "center-13.case-worker",
        "scope": "referral:read inbox:read",
    },
)
TOKEN_REQUEST["parameters"] = [
    {
        "name": "DPoP",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "maxLength": 8192},
        "description": both(
            "トークンを鍵に結ぶための証明 (RFC 9449)。なければ Bearer のトークンになる。"
            "DPoP が必須のクライアントでは、なければ invalid_dpop_proof",
            "A proof that binds the token to a key (RFC 9449). Without it the token is a "
            "bearer token; a client that has to use DPoP gets invalid_dpop_proof",
        ),
    }
]

REVOCATION_REQUEST = _request(
    ["token"],
    {
        "token": {
            "type": "string",
            "description": both("失効させるアクセストークン", "The access token to revoke"),
        },
        "token_type_hint": {
            "type": "string",
            "description": both(
                "access_token。なくてもよい。ほかの値は無視する",
                "access_token. May be left out; other values are ignored",
            ),
        },
    },
    {
        "token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln",
        "token_type_hint": "access_token",
    },
)
