"""Figures of how good probabilities are, of clicks (or of conversions: read those for clicks, and clicks for impressions). Rows
without a click count 1/q each, for the impressions that they stand for."""
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score


def weights_of(clicked, negative_rate):
    return np.where(clicked == 1, 1.0, 1.0 / negative_rate)


def figures(clicked, probability, negative_rate):
    weights = weights_of(clicked, negative_rate)
    loss = log_loss(clicked, probability, sample_weight=weights)
    rate = np.average(clicked, weights=weights)
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    return {
        "auc": float(roc_auc_score(clicked, probability)),
        "logLoss": float(loss),
        "normalizedEntropy": float(loss / entropy),
        "calibrationRatio": float(np.average(probability, weights=weights) / rate),
    }


def deciles(clicked, probability, negative_rate):
    """Predicted and actual click rate of each tenth of the impressions, by rising prediction."""
    weights = weights_of(clicked, negative_rate)
    order = np.argsort(probability, kind="stable")
    tenth = np.minimum(9, (10 * (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()).astype(int))
    table = []
    for index in range(10):
        part = order[tenth == index]
        table.append({
            "predicted": float(np.average(probability[part], weights=weights[part])) if len(part) else None,
            "actual": float(np.average(clicked[part], weights=weights[part])) if len(part) else None,
            "clicks": int(clicked[part].sum()),
        })
    return table


def corrected(score, negative_rate):
    """Undoes the sampling of rows without a click."""
    return score / (score + (1 - score) / negative_rate)


def fit_platt(clicked, probability, negative_rate):
    """Slope and intercept over the log-odds of corrected scores, fitted to the whole population."""
    p = np.clip(probability, 1e-9, 1 - 1e-9)
    odds = np.log(p / (1 - p))[:, None]
    model = LogisticRegression(C=1e6, solver="newton-cholesky").fit(odds, clicked, weights_of(clicked, negative_rate))
    return float(model.coef_[0][0]), float(model.intercept_[0])


def calibrated(score, calibration):
    p = np.clip(corrected(score, calibration.get("negativeSampleRate", 1)), 1e-9, 1 - 1e-9)
    odds = calibration["slope"] * np.log(p / (1 - p)) + calibration["intercept"]
    return np.clip(1 / (1 + np.exp(-odds)), 1e-9, 1 - 1e-9)
