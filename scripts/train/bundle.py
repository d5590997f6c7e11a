"""A model with all that the engine needs to serve it, signed. docs/models.md, "Bundle", describes the files."""
import base64
import datetime
import hashlib
import json
import os
import shutil

import numpy as np
from cryptography.hazmat.primitives import serialization


def write_bundle(folder, kind, model, calibration, rates, golden, about, options):
    """Writes all files, the manifest and its signature last, so that a bundle half written does not verify."""
    os.makedirs(folder, exist_ok=True)
    for name in ("manifest.json", "manifest.sig"):
        if os.path.exists(os.path.join(folder, name)):
            os.remove(os.path.join(folder, name))
    _write(folder, "model.txt", model)
    _write(folder, "calibration.json", json.dumps(calibration))
    shutil.copyfile(rates, os.path.join(folder, "rates.json"))
    rows = [[None if np.isnan(value) else value for value in row] for row in golden["rows"].tolist()]
    _write(folder, "golden.json", json.dumps({"rows": rows, "labels": golden["labels"].tolist()}, separators=(",", ":")))
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    manifest = {
        "version": options.version if options.version is not None else int(now.strftime("%Y%m%d%H%M")),
        "createdAt": _iso(now),
        "expiresAt": _iso(now + datetime.timedelta(days=options.valid_days)),
        "schemaHash": about["schemaHash"],
        "kind": kind,
        "target": options.target,
        "files": {name: _sha256(os.path.join(folder, name)) for name in ("model.txt", "calibration.json", "rates.json", "golden.json")},
        "metrics": about["metrics"],
        "golden": {"rows": len(rows), "logLoss": golden["logLoss"]},
    }
    _write(folder, "manifest.json", json.dumps(manifest, indent=2) + "\n")
    sign(folder, options.key)


def sign(folder, key_file):
    with open(key_file, "rb") as file:
        key = serialization.load_pem_private_key(file.read(), password=None)
    with open(os.path.join(folder, "manifest.json"), "rb") as file:
        signature = key.sign(file.read())
    _write(folder, "manifest.sig", base64.b64encode(signature).decode() + "\n")


def _write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _iso(time):
    return time.isoformat().replace("+00:00", "Z")
