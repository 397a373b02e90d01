"""Seconds of one epoch of Surprise's SVD with k = 100 on 80 % of a rating table: the reference for PMF's speed.

    python svd.py FOLDER        FOLDER/ratings.tsv: user, item, rating, timestamp, tab-separated
"""

import json
import sys
import time

from surprise import SVD, Dataset, Reader
from surprise.model_selection import train_test_split

data = Dataset.load_from_file(f"{sys.argv[1]}/ratings.tsv", Reader(line_format="user item rating timestamp", sep="\t"))
train, _ = train_test_split(data, test_size=0.2, random_state=0)


def seconds(epochs):
    start = time.perf_counter()
    SVD(n_factors=100, n_epochs=epochs, random_state=0).fit(train)
    return time.perf_counter() - start


seconds(2)
# The difference of two lengths leaves out what is done once.
print(json.dumps({"epoch_seconds": min((seconds(14) - seconds(4)) / 10 for _ in range(3))}))
