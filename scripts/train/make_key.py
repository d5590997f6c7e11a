#!/usr/bin/env python3
"""Makes an Ed25519 key to sign bundles with: writes the private half to FILE (keep it secret), prints the public half for
`estimation.model.publicKeys`.

    python scripts/train/make_key.py FILE
"""
import base64
import os
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if len(sys.argv) != 2:
    sys.exit(__doc__)
key = Ed25519PrivateKey.generate()
with os.fdopen(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
    file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
print(base64.b64encode(key.public_key().public_bytes_raw()).decode())
