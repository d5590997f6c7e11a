#!/usr/bin/env python3
"""Makes the test vectors of engine/estimation/models: models trained by LightGBM and what LightGBM predicts with them.

The vectors are committed; neither the engine nor its tests need this script. Data are synthetic, seeds fixed. For each
case it writes FOLDER/lightgbm-VERSION/CASE.txt (the file of Booster.save_model, as it is) and CASE.json:

    {"rows": [[1.5, null, "inf"], ...], "raw": [...], "predicted": [...]}

null is NaN, "inf" and "-inf" are infinite. To make them again, or with another version of LightGBM (2.2 or later):

    python3 -m venv venv && venv/bin/pip install lightgbm==4.7.0 numpy scipy scikit-learn
    venv/bin/python scripts/train/make_test_vectors.py engine/estimation/models/fixtures [CASE ...]
"""
import json
import math
import os
import sys

from needs import need

need("lightgbm", "numpy")
import lightgbm as lgb
import numpy as np

TRAINING_ROWS = 1500
TEST_ROWS = 60
ZERO_BAND = float(np.float32(1e-35))
# What a decision can be got wrong with; probed in every column.
ODD_VALUES = [
    math.nan, 0.0, -0.0, 1e-36, -1e-36, 5e-324, ZERO_BAND, -ZERO_BAND,
    float(np.nextafter(ZERO_BAND, 1)), float(np.nextafter(-ZERO_BAND, -1)),
    math.inf, -math.inf, 1e300, -1e300, 1e10, 2**31, 2**31 - 1, -2**31, 2**32, -0.5, -0.999, -1.0, 0.999, 1.5, 31, 32, 63.9, 299, 5000,
]


def normal_columns(random, rows, columns):
    return np.round(random.normal(size=(rows, columns)), 3)


def with_missing(random, matrix, value, share=0.2):
    matrix[random.random(matrix.shape) < share] = value
    return matrix


def numeric(random, rows):
    return normal_columns(random, rows, 8)


def sparse_nan(random, rows):
    return with_missing(random, normal_columns(random, rows, 8), math.nan)


def sparse_zero(random, rows):
    matrix = with_missing(random, normal_columns(random, rows, 8), 0.0, 0.3)
    return with_missing(random, matrix, math.nan, 0.05)


def categories(random, rows):
    """Columns 0 to 3 are categories: 300 of them by Zipf, 40, 3, and two far apart. The last one has missing values."""
    return np.column_stack([
        np.minimum(random.zipf(1.3, rows), 300) - 1,
        random.integers(0, 40, rows),
        random.integers(0, 3, rows),
        np.where(random.random(rows) < 0.2, math.nan, random.integers(0, 2, rows) * 5000),
        normal_columns(random, rows, 2),
    ]).astype(float)


def wide(random, rows):
    matrix = with_missing(random, normal_columns(random, rows, 150), math.nan, 0.1)
    matrix[:, 75:] = np.where(matrix[:, 75:] > 0.5, 1.0, 0.0)
    return matrix


def clicks(random, matrix):
    """A label that depends on each kind of column, not in a straight line."""
    known = np.nan_to_num(matrix)
    score = np.sin(known[:, 0] * 2) + known[:, 1] % 3 - known[:, 2] * known[:, 3] / (1 + abs(known[:, 3]))
    return (random.random(len(matrix)) < 1 / (1 + np.exp(1 - score))).astype(float)


def amounts(random, matrix):
    return np.round(random.gamma(2.0, 1 + clicks(random, matrix)), 3)


def nothing(_random, matrix):
    return np.zeros(len(matrix))


class Case:
    def __init__(self, matrix, parameters, label=clicks, trees=12, categorical=(), objective=None, slice_=(0, -1)):
        self.matrix, self.parameters, self.label, self.trees = matrix, parameters, label, trees
        self.categorical, self.objective, self.slice = categorical, objective, slice_


def squared_error(predicted, dataset):
    return predicted - dataset.get_label(), np.ones_like(predicted)


BINARY = {'objective': 'binary'}
CATEGORICAL = {**BINARY, 'min_data_per_group': 5, 'cat_smooth': 1, 'max_cat_to_onehot': 4, 'min_data_in_bin': 1}
CASES = {
    'numeric': Case(numeric, BINARY),
    'missing-nan': Case(sparse_nan, BINARY),
    'missing-zero': Case(sparse_zero, {**BINARY, 'zero_as_missing': True}),
    'missing-none': Case(sparse_nan, {**BINARY, 'use_missing': False}),
    'categorical': Case(categories, CATEGORICAL, categorical=(0, 1, 2, 3)),
    'sigmoid': Case(sparse_nan, {**BINARY, 'sigmoid': 0.7}, trees=4),
    'regression': Case(sparse_nan, {'objective': 'regression'}, amounts, trees=4),
    'regression-sqrt': Case(sparse_nan, {'objective': 'regression', 'reg_sqrt': True}, amounts, trees=4),
    'cross-entropy': Case(sparse_nan, {'objective': 'cross_entropy'}, trees=4),
    'cross-entropy-lambda': Case(sparse_nan, {'objective': 'cross_entropy_lambda'}, trees=4),
    'poisson': Case(sparse_nan, {'objective': 'poisson'}, amounts, trees=4),
    'custom': Case(sparse_nan, {}, amounts, trees=4, objective=squared_error),
    'forest': Case(sparse_nan, {**BINARY, 'boosting': 'rf', 'bagging_freq': 1, 'bagging_fraction': 0.6}, trees=5),
    'dart': Case(sparse_nan, {**BINARY, 'boosting': 'dart', 'drop_rate': 0.5}),
    'one-leaf': Case(numeric, {'objective': 'regression'}, nothing),
    'slice': Case(sparse_nan, BINARY, slice_=(3, 4)),
    'unbalanced': Case(sparse_nan, {**BINARY, 'num_leaves': 80, 'min_data_in_leaf': 2}, trees=3),
    'linear': Case(sparse_nan, {**BINARY, 'linear_tree': True, 'num_leaves': 6}, trees=6),
    'linear-categorical': Case(categories, {**CATEGORICAL, 'linear_tree': True, 'num_leaves': 6}, trees=4, categorical=(0, 1)),
    'hundred-trees': Case(wide, {**BINARY, 'max_depth': 7, 'num_leaves': 24, 'min_data_in_leaf': 3}, trees=100),
}


def train(case, random):
    matrix = case.matrix(random, TRAINING_ROWS)
    parameters = {'num_leaves': 12, 'min_data_in_leaf': 5, 'verbose': -1, 'num_threads': 1, 'seed': 1, **case.parameters}
    dataset = lgb.Dataset(matrix, case.label(random, matrix), categorical_feature=list(case.categorical), free_raw_data=False)
    if case.objective is None:
        return lgb.train(parameters, dataset, case.trees)
    if int(lgb.__version__.split('.')[0]) >= 4:
        return lgb.train({**parameters, 'objective': case.objective}, dataset, case.trees)
    return lgb.train(parameters, dataset, case.trees, fobj=case.objective)


def thresholds_of(text):
    """Each column's thresholds in the model."""
    found, features = {}, []
    for line in text.splitlines():
        if line.startswith('split_feature='):
            features = line.split('=')[1].split()
        if line.startswith('threshold='):
            for feature, threshold in zip(features, line.split('=')[1].split()):
                found.setdefault(int(feature), []).append(float(threshold))
    return found


def test_rows(case, text, random):
    """Ordinary rows, then rows with thresholds, their neighbours and odd values at random places."""
    matrix = case.matrix(random, TEST_ROWS)
    for row in matrix[TEST_ROWS // 4:]:
        for column, thresholds in thresholds_of(text).items():
            if random.random() < 0.3:
                threshold = thresholds[random.integers(len(thresholds))]
                row[column] = [threshold, np.nextafter(threshold, np.inf), np.nextafter(threshold, -np.inf)][random.integers(3)]
            elif random.random() < 0.4:
                row[column] = ODD_VALUES[random.integers(len(ODD_VALUES))]
    return matrix


def as_json(value):
    if math.isnan(value):
        return None
    if math.isinf(value):
        return 'inf' if value > 0 else '-inf'
    return int(value) if value == int(value) and abs(value) < 1e6 and math.copysign(1, value) > 0 else float(value)


def write_case(folder, name, case):
    random = np.random.default_rng(list(CASES).index(name) + 1)
    path = os.path.join(folder, name)
    start, count = case.slice
    arguments = {'start_iteration': start} if start > 0 else {}
    train(case, random).save_model(path + '.txt', num_iteration=count, **arguments)
    with open(path + '.txt') as file:
        text = file.read()
    # Predictions of the file that was written, not of the model in memory.
    model = lgb.Booster(model_file=path + '.txt')
    rows = test_rows(case, text, random)
    vectors = {
        'rows': [[as_json(value) for value in row] for row in rows.tolist()],
        'raw': [as_json(value) for value in model.predict(rows, raw_score=True).tolist()],
        'predicted': [as_json(value) for value in model.predict(rows).tolist()],
    }
    with open(path + '.json', 'w') as file:
        json.dump(vectors, file, separators=(',', ':'))
        file.write('\n')


def main():
    folder = os.path.join(sys.argv[1], 'lightgbm-' + lgb.__version__)
    os.makedirs(folder, exist_ok=True)
    for name in sys.argv[2:] or CASES:
        write_case(folder, name, CASES[name])


if __name__ == '__main__':
    main()
