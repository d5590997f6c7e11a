"""Calls the engine's own code (dist/main.js, after `npm run build`): features are built and rows are scored by nothing else."""
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Rows:
    """What `gavel features` wrote to a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "features.npy")
        self.features = np.load(self.path)
        table = pd.read_csv(os.path.join(folder, "rows.csv"), dtype={"id": str, "day": str})
        # 1: clicked, or converted after a click.
        self.labels = table.label.to_numpy()
        self.days = table.day.to_numpy()
        # Of a simulated world only; NaN elsewhere.
        self.true_probability = table.probability.to_numpy(dtype=float)
        with open(os.path.join(folder, "schema.json")) as file:
            described = json.load(file)
        self.schema_hash = described["hash"]
        self.declared = described["schema"]["features"]


def add_source_options(parser):
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", help="folders with imp.*.tsv.gz and clk.*.tsv.gz in the format of iPinYou, with commas between")
    source.add_argument("--simulate", type=int, help="instead: this many requests of the simulated world, ten days from 20260101 on")
    parser.add_argument("--device", choices=["none", "coarse"], default="none", help="iPinYou: use families of OS and browser")
    parser.add_argument("--seed", type=int, default=1, help="of the simulated log; the world stays the same")
    parser.add_argument("--population", type=float, default=1_748_155,
                        help="impressions a day that the impression log is a sample of (negatives are scaled up to them)")


def export(options, days, folder, rates=None, extra=()):
    """Rows of the days; with `rates` of an earlier export, else out-of-fold ones to train with."""
    source = (["--ipinyou", options.data, "--device", options.device] if options.data
              else ["--simulate", str(options.simulate), "--seed", str(options.seed)])
    _run("features", *source, "--target", options.target, "--days", days, "--out", folder, *(["--rates", rates] if rates else []), *extra)
    return Rows(folder)


def score(bundle, rows, folder):
    """The engine's scores and probabilities."""
    out = os.path.join(folder, f"scores-{os.path.basename(bundle)}.npy")
    _run("score", "--bundle", bundle, "--rows", rows.path, "--out", out)
    scored = np.load(out)
    return scored[:, 0], scored[:, 1]


def negative_rate(options, rows):
    """Share q of the impressions without a click that are in the rows."""
    if options.simulate:
        return 1.0
    clicks = rows.labels.sum()
    return (len(rows.labels) - clicks) / (len(np.unique(rows.days)) * options.population - clicks)


def _run(*arguments):
    main = os.path.join(ROOT, "dist", "main.js")
    if not os.path.exists(main):
        sys.exit(f"there is no {main}: npm run build")
    code = subprocess.run(["node", main, *arguments]).returncode
    if code != 0:
        # It has said why.
        sys.exit(code)
