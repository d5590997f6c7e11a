"""The three kinds of model, each as the text that the engine reads."""
import json

import lightgbm as lgb
import numpy as np
from sklearn.linear_model import LogisticRegression

# Types of features in which more is more. Hashes and codes are names, of which a linear model can make nothing.
QUANTITIES = ("numeric", "flag", "cyclic", "member", "rate", "evidence", "area", "ratio", "same")


def train_gbdt(rows, options):
    """LightGBM with few large leaves, few features a tree and thresholds by chance: clicks are rare, and rates say much the
    same, so that what trees agree on by accident costs more than what they miss."""
    parameters = {
        "objective": "binary", "num_leaves": options.leaves, "max_depth": options.depth, "learning_rate": options.learning_rate,
        "min_data_in_leaf": options.leaf_rows, "feature_fraction": 0.3, "bagging_fraction": 0.7, "bagging_freq": 1,
        "lambda_l2": 10, "extra_trees": True, "seed": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
    }
    names = [feature["name"].replace("*", "_x_") for feature in rows.declared]
    data = lgb.Dataset(rows.features, rows.labels, feature_name=names)
    return lgb.train(parameters, data, options.trees).model_to_string()


def train_logistic(rows, options):
    columns, values = _scaled(rows)
    model = LogisticRegression(C=options.logistic_c, solver="newton-cholesky").fit(values / columns.scales, rows.labels)
    weights = columns.spread(model.coef_[0] / columns.scales)
    return json.dumps({"kind": "logistic", "intercept": float(model.intercept_[0]), "weights": weights.tolist()})


def train_fm(rows, options, epochs=12, batch_rows=512, factors=4):
    """Factorization machine of second order by Adam, in libFM's format. Starts as a linear model with small factors."""
    columns, values = _scaled(rows)
    x, y = values / columns.scales, rows.labels.astype(float)
    random = np.random.default_rng(1)
    bias = np.array([np.log(y.mean() / (1 - y.mean()))])
    parameters = [bias, np.zeros(x.shape[1]), random.normal(0, 0.01, (x.shape[1], factors))]
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
    step = 0
    for epoch in range(epochs):
        order = random.permutation(len(y))
        for start in range(0, len(y), batch_rows):
            step += 1
            _adam(parameters, moments, _fm_gradients(parameters, x, y, order[start:start + batch_rows], options.fm_l2),
                  step, rate=0.003 / (1 + epoch / 3))
    bias, weights, factor_rows = parameters
    weights = columns.spread(weights / columns.scales)
    factor_rows = columns.spread(factor_rows / columns.scales[:, None])
    lines = ["#global bias W0", repr(float(bias[0])), "#unary interactions Wj", *map(repr, weights.tolist()),
             "#pairwise interactions Vj,f", *(" ".join(map(repr, row)) for row in factor_rows.tolist())]
    return "\n".join(lines) + "\n"


def _fm_gradients(parameters, x, y, index, l2):
    bias, weights, factors = parameters
    batch = x[index]
    sums = batch @ factors
    squares = batch ** 2
    margin = bias[0] + batch @ weights + 0.5 * (sums ** 2 - squares @ factors ** 2).sum(axis=1)
    error = (1 / (1 + np.exp(-margin)) - y[index]) / len(index)
    by_factor = batch.T @ (error[:, None] * sums) - factors * (squares.T @ error)[:, None]
    return [np.array([error.sum()]), batch.T @ error + l2 * weights, by_factor + l2 * factors]


def _adam(parameters, moments, gradients, step, rate):
    for parameter, (first, second), gradient in zip(parameters, moments, gradients):
        first += 0.1 * (gradient - first)
        second += 0.001 * (gradient ** 2 - second)
        parameter -= rate * (first / (1 - 0.9 ** step)) / (np.sqrt(second / (1 - 0.999 ** step)) + 1e-8)


class _Columns:
    """The features that a linear model takes; what is missing counts as 0, as in the engine."""

    def __init__(self, rows):
        quantity = np.array([feature["type"] in QUANTITIES for feature in rows.declared])
        self.count = len(quantity)
        spread = np.nan_to_num(rows.features).std(axis=0)
        self.chosen = np.flatnonzero(quantity & (spread > 1e-6))
        self.scales = spread[self.chosen]

    def spread(self, values):
        """To all features, 0 for those that are not taken."""
        wide = np.zeros((self.count, *values.shape[1:]))
        wide[self.chosen] = values
        return wide


def _scaled(rows):
    columns = _Columns(rows)
    return columns, np.nan_to_num(rows.features[:, columns.chosen])


LEARNERS = {"gbdt": train_gbdt, "fm": train_fm, "logistic": train_logistic}
