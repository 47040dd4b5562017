"""The listed keys as a JSON Web Key Set (RFC 7517, RFC 8037), for verifiers that know nothing of trust lists."""

from typing import Any

from keys import base64url
from keys.ids import kid_text
from keys.trust_view import TrustView
from keys.uses import KeyState


def jwks(view: TrustView) -> dict[str, Any]:
    """Every key of the view that is not revoked; `passerelle_*` members say whose it is and for what."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "Ed25519",
                "use": "sig",
                "kid": kid_text(key.kid),
                "x": base64url.encode(key.public),
                "passerelle_operator": key.operator,
                "passerelle_use": key.use.value,
            }
            for key in view.keys.values()
            if key.state is not KeyState.REVOKED
        ]
    }
