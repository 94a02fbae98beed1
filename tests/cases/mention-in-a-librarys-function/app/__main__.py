import sys

import oauthlib.common


def late():
    import jwt

    key = jwt.jwk_from_dict({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"})
    return jwt.JWT().encode({"a": 1}, key, alg="HS256")


print(late() if "late" in sys.argv else oauthlib.common.generate_nonce())
