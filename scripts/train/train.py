#!/usr/bin/env python3
"""Trains models of clicks or of conversions and writes a signed bundle of each. In time order: a model of all days but the last is scored on the
last to fit the calibration and to know its quality; the model that ships is then trained on all of them.

    python scripts/train/train.py --data DIR --train-days 20130606-20130609 --key KEY.pem --out OUT
    python scripts/train/train.py --simulate 200000 --train-days 20260101-20260109 --key KEY.pem --out OUT --kinds gbdt
    python scripts/train/train.py --simulate 3000000 --target conversion --train-days 20260101-20260109 --key KEY.pem --out OUT
"""
import argparse
import json
import os
import tempfile

from needs import need

need("cryptography", "lightgbm", "numpy", "pandas", "sklearn")
import numpy as np
from sklearn.metrics import log_loss

import gavel
import metrics
from bundle import write_bundle
from learners import LEARNERS

GOLDEN_ROWS = 64


def main():
    options = parse()
    os.makedirs(options.out, exist_ok=True)
    quarantine = os.path.join(options.out, "quarantine.ndjson")
    with tempfile.TemporaryDirectory() as folder:
        rates = ["--folds", str(options.folds), "--prior-clicks", str(options.prior_clicks),
                 "--minimum-impressions", str(options.minimum_impressions)]
        # Judged once, over all days in their order; the parts then leave out the same rows.
        everything = gavel.export(options, options.train_days, os.path.join(folder, "all"), extra=[*rates, "--quarantine", quarantine])
        honest = ["--exclude", quarantine]
        *earlier_days, last_day = sorted(set(everything.days))
        if not earlier_days:
            raise SystemExit("--train-days must be two days or more: the last is calibrated on")
        earlier = gavel.export(options, ",".join(earlier_days), os.path.join(folder, "earlier"), extra=[*rates, *honest])
        last = gavel.export(options, last_day, os.path.join(folder, "last"), os.path.join(earlier.folder, "rates.json"), honest)
        golden = gavel.export(options, last_day, os.path.join(folder, "golden"), os.path.join(everything.folder, "rates.json"), honest)
        for kind in options.kinds.split(","):
            train(kind, earlier, last, everything, golden, options)
    with open(os.path.join(options.out, "training.json"), "w") as file:
        json.dump({"device": options.device, "days": options.train_days, "simulate": options.simulate, "seed": options.seed,
                   "target": options.target}, file)


def train(kind, earlier, last, everything, golden, options):
    learn, folder = LEARNERS[kind], os.path.join(options.out, kind)
    # A model that has not seen the last day, on the last day: as the final one will be on the day after.
    trial = predict(kind, learn(earlier, options), last, folder)
    last_rate = gavel.negative_rate(options, last)
    trial_rate = gavel.negative_rate(options, earlier)
    slope, intercept = metrics.fit_platt(last.labels, metrics.corrected(trial, trial_rate), last_rate)
    calibration = {"kind": "platt", "slope": slope, "intercept": intercept}
    trial_calibration = {**calibration, "negativeSampleRate": trial_rate}
    figures = metrics.figures(last.labels, metrics.calibrated(trial, trial_calibration), last_rate)
    print(f"{kind}: trained to the day before, on {last.days[0]}:", json.dumps(figures))
    final_calibration = {**calibration, "negativeSampleRate": gavel.negative_rate(options, everything)}
    model = learn(everything, options)
    about = {"schemaHash": everything.schema_hash, "metrics": figures}
    chosen = golden_rows(golden)
    probability = metrics.calibrated(predict(kind, model, golden, folder)[chosen], final_calibration)
    labels = golden.labels[chosen]
    write_bundle(folder, kind, model, final_calibration, os.path.join(everything.folder, "rates.json"),
                 {"rows": golden.features[chosen], "labels": labels, "logLoss": float(log_loss(labels, probability))},
                 about, options)


def predict(kind, model, rows, folder):
    """LightGBM's own prediction for trees, so that the golden set holds the engine to it; the engine's for the others."""
    if kind == "gbdt":
        import lightgbm as lgb

        return lgb.Booster(model_str=model).predict(rows.features, num_threads=2)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "model.txt"), "w") as file:
        file.write(model)
    with open(os.path.join(folder, "calibration.json"), "w") as file:
        file.write('{"kind":"none"}')
    with open(os.path.join(folder, "manifest.json"), "w") as file:
        json.dump({"kind": kind}, file)
    return gavel.score(folder, rows, rows.folder)[0]


def golden_rows(rows):
    """Half positive, half not."""
    random = np.random.default_rng(1)
    halves = [random.choice(np.flatnonzero(rows.labels == label), GOLDEN_ROWS // 2, replace=False) for label in (0, 1)]
    return np.sort(np.concatenate(halves))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gavel.add_source_options(parser)
    parser.add_argument("--target", choices=["click", "conversion"], default="click",
                        help="what is learned: the click of an impression (default), or the conversion of a click")
    parser.add_argument("--train-days", required=True, help="two or more, e.g. 20130606-20130609; the last is calibrated on")
    parser.add_argument("--out", required=True, help="gets a folder for each kind, a bundle each")
    parser.add_argument("--key", required=True, help="PEM of the private key to sign with (make_key.py)")
    parser.add_argument("--kinds", default=",".join(LEARNERS), help="of gbdt, fm, logistic (default all)")
    parser.add_argument("--version", type=int, help="must rise from bundle to bundle (default: minute of the day, yyyyMMddHHmm)")
    parser.add_argument("--valid-days", type=int, default=30, help="the engine does not load it later (default 30)")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=7)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--leaf-rows", type=int, default=50)
    parser.add_argument("--learning-rate", type=float, default=0.08)
    parser.add_argument("--logistic-c", type=float, default=0.001)
    parser.add_argument("--fm-l2", type=float, default=0.001)
    parser.add_argument("--folds", type=int, default=5, help="of the out-of-fold rates")
    parser.add_argument("--prior-clicks", type=int, default=3)
    parser.add_argument("--minimum-impressions", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
