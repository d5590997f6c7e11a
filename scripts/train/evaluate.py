#!/usr/bin/env python3
"""Scores days that the models of `train.py` have not seen: the engine's scorer on each, and LightGBM's own on the trees.

    python scripts/train/evaluate.py --data DIR --test-day 20130610 --models OUT [--json FILE] [--plot FILE.svg] [--keep DIR]
"""
import argparse
import json
import os
import sys
import tempfile

from needs import need

need("lightgbm", "numpy", "pandas", "sklearn")
import lightgbm as lgb
import numpy as np

import gavel
import metrics
from plot import calibration_plot

# Bundle and how its figures are called.
KINDS = {"gbdt": "gavel", "fm": "fm", "logistic": "lr"}


def main():
    options = parse()
    training = read_training(options.models)
    options.target = training.get("target", "click")
    if options.data:
        options.device = training["device"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or scratch
        probabilities, rows = score_all(options, folder)
        if options.keep:
            keep(options, probabilities)
        rate = gavel.negative_rate(options, rows)
        report = {name: {**metrics.figures(rows.labels, p, rate), "deciles": metrics.deciles(rows.labels, p, rate)}
                  for name, p in probabilities.items()}
        if options.simulate:
            report["bayes"] = metrics.figures(rows.labels, rows.true_probability, rate)
    print_report(report, rows, options)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(report, file, indent=2)
    if options.plot:
        calibration_plot(options.plot, {name: report[name]["deciles"] for name in probabilities if name != "lightgbm"})


def read_training(models):
    """What `train.py` said of how it trained, beside its bundles."""
    path = os.path.join(models, "training.json")
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        sys.exit(f"--models {models}: {path} cannot be read ({error}); name the --out of train.py")


def score_all(options, folder):
    kinds = [kind for kind in KINDS if os.path.exists(os.path.join(options.models, kind, "manifest.json"))]
    if not kinds:
        raise SystemExit(f"there is no bundle in {options.models}")
    # The tables of rates are the same in all bundles of one training.
    rates = os.path.join(options.models, kinds[0], "rates.json")
    rows = gavel.export(options, options.test_day, folder, rates)
    probabilities = {}
    for kind in kinds:
        bundle = os.path.join(options.models, kind)
        probabilities[KINDS[kind]] = gavel.score(bundle, rows, folder)[1]
        if kind == "gbdt":
            with open(os.path.join(bundle, "calibration.json")) as file:
                calibration = json.load(file)
            own = lgb.Booster(model_file=os.path.join(bundle, "model.txt")).predict(rows.features, num_threads=2)
            probabilities["lightgbm"] = metrics.calibrated(own, calibration)
    return probabilities, rows


def keep(options, probabilities):
    if "lightgbm" in probabilities:
        np.save(os.path.join(options.keep, "lightgbm.npy"), probabilities["lightgbm"][:, None])
    with open(os.path.join(options.keep, "evaluation.json"), "w") as file:
        json.dump({"models": os.path.abspath(options.models)}, file)


def print_report(report, rows, options):
    print(f"\n{options.test_day}: {len(rows.labels)} rows, {rows.labels.sum()} {options.target}s")
    print(f"{'':10}{'AUC':>9}{'log-loss':>12}{'NE':>8}{'predicted/actual':>18}")
    for name, f in report.items():
        print(f"{name:10}{f['auc']:9.4f}{f['logLoss']:12.6f}{f['normalizedEntropy']:8.3f}{f['calibrationRatio']:18.3f}")
    print("\npredicted/actual by tenth of the impressions, by rising prediction")
    for name, f in report.items():
        if "deciles" in f:
            ratios = [d["predicted"] / d["actual"] if d["actual"] else np.nan for d in f["deciles"]]
            print(f"{name:10}" + "".join(f"{ratio:7.2f}" for ratio in ratios))
    if "gavel" in report:
        print(f"\n{'positive':10}" + "".join(f"{d['clicks']:7d}" for d in report["gavel"]["deciles"]))
        if report["gavel"]["auc"] > 0.85:
            print("\nAn AUC above 0.85 is not to be believed here: look for a leak.")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gavel.add_source_options(parser)
    parser.add_argument("--test-day", required=True, help="one or more, e.g. 20130610 or 20130611-20130612")
    parser.add_argument("--models", required=True, help="the --out of train.py")
    parser.add_argument("--json", help="gets all figures")
    parser.add_argument("--plot", help="gets the calibration plot, SVG")
    parser.add_argument("--keep", help="gets rows, LightGBM's scores and where the models are, for `npm run bench` (EVALUATION_DIR)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
