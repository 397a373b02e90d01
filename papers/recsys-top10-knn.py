"""Neighbours by the cosine of rating vectors, as papers/recsys-top10-knn.toml runs them, ranked over all items without a train rating.

    python3 recsys-top10-knn.py DATA item|user NEIGHBOURS METRICS

The measures are computed here: drr-lab evaluates a command's scores among test ratings alone. Any test rating is relevant, each user
with one counts once, NDCG's ideal is the best 10, of equals the first by number comes first.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

K = 10
data, of, count, metrics = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]


def read(name):
    with open(data / name, newline="") as file:
        return [(row["user"], row["item"], float(row["rating"])) for row in csv.DictReader(file)]


def matrix(rows):
    out = np.zeros((len(users), len(items)))
    for user, item, rating in rows:
        out[users[user], items[item]] = rating
    return out


train, test = read("train.csv"), read("test.csv")
users = {name: at for at, name in enumerate(sorted({row[0] for row in train + test}, key=int))}
items = {name: at for at, name in enumerate(sorted({row[1] for row in train + test}, key=int))}
seen, relevant = matrix(train), matrix(test) > 0

rows = seen if of == "user" else seen.T
length = np.linalg.norm(rows, axis=1, keepdims=True)
unit = rows / np.where(length > 0, length, 1)
alike = unit @ unit.T
np.fill_diagonal(alike, 0)
nearest = np.argsort(-alike, axis=1, kind="stable")[:, :count]
kept = np.zeros_like(alike)
np.put_along_axis(kept, nearest, np.take_along_axis(alike, nearest, axis=1), axis=1)
scores = kept @ seen if of == "user" else seen @ kept.T

scores[seen > 0] = -np.inf
top = np.argsort(-scores, axis=1, kind="stable")[:, :K]
hits = np.take_along_axis(relevant, top, axis=1)
total = relevant.sum(axis=1)
part = total > 0
hits, total = hits[part], total[part]
gain = 1 / np.log2(np.arange(2, K + 2))
ideal = np.cumsum(gain)[np.minimum(total, K) - 1]
with open(metrics, "a") as file:
    print(json.dumps({
        "precision@10": float(hits.mean()),
        "recall@10": float((hits.sum(axis=1) / total).mean()),
        "ndcg@10": float((hits @ gain / ideal).mean()),
    }), file=file)
