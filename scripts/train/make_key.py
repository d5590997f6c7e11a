#!/usr/bin/env python3
"""Makes an Ed25519 key to sign bundles with: writes the private half to FILE (keep it secret), prints the public half for
`estimation.model.publicKeys`.

    python scripts/train/make_key.py FILE
"""
import base64
import os
import sys

from needs import need

need("cryptography")
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if len(sys.argv) != 2:
    sys.exit(__doc__)
try:
    descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
except FileExistsError:
    sys.exit(f"{sys.argv[1]} is there already, and a key is never written over: name a new file")
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error.strerror}")
key = Ed25519PrivateKey.generate()
with os.fdopen(descriptor, "wb") as file:
    file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
print(base64.b64encode(key.public_key().public_bytes_raw()).decode())
