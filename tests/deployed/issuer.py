"""The issuer of tokens: OpenID Connect discovery and an RSA key set on loopback, which API Gateway and the function read."""

import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from serving import Server

KID = "first"


class Issuer(Server):
    """Serves its discovery document and keys, and signs tokens."""

    def __init__(self):
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        super().__init__()
        self.keys_url = f"{self.url}/keys"

    def token(self, subject="ada", *, key=None, kid=KID, **claims):
        """A token for this user, valid for one hour, and the audience `jobs`. A claim given as None is left out."""
        now = int(time.time())
        said = {"iss": self.url, "aud": "jobs", "sub": subject, "iat": now - 1, "exp": now + 3_600, **claims}
        payload = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(payload, key or self._key, algorithm="RS256", headers={"kid": kid})

    def answer(self, request):
        if request.path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.url, "jwks_uri": self.keys_url}
        if request.path == "/keys":
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
            return 200, {"keys": [{**key, "kid": KID, "use": "sig", "alg": "RS256"}]}
        return 404, None


def stranger():
    """A key that is not the issuer's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
