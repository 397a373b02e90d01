"""SVD++ or item neighbours by Surprise, one trial of a sweep.

Trains one of two models on train.csv, measures RMSE and MAE on test.csv in stars, and scores every
pair of candidates.csv:

* svdpp: SVD++ (Koren, KDD 2008), matrix factorisation with implicit feedback;
* knn: item-based neighbours on top of baselines (Koren, ACM TKDD 4(1), 2010), with the Pearson
  correlation of the baselines' residuals.

The models are those of Surprise (Hug, JOSS 5(52), 2020). The seed decides SVD++'s initial factors;
the neighbours depend on the ratings alone.
"""

import argparse
import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

from surprise import AlgoBase, Dataset, KNNBaseline, Reader, SVDpp, accuracy

Rating = tuple[str, str, float]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algo", choices=["svdpp", "knn"], required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument(
        "--params", type=json.loads, default={}, help="options of the model as JSON"
    )
    return parser.parse_args()


def make_model(algo: str, params: dict, seed: int) -> AlgoBase:
    """An untrained model; parameters that are not given have Surprise's defaults."""
    if algo == "svdpp":
        factors, epochs = params.get("factors", 20), params.get("epochs", 20)
        return SVDpp(n_factors=factors, n_epochs=epochs, cache_ratings=True, random_state=seed)
    similarity = {"name": "pearson_baseline", "user_based": False, "shrinkage": 100}
    return KNNBaseline(k=params.get("neighbours", 40), sim_options=similarity, verbose=False)


def read_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """The columns user and item."""
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row["user"], row["item"]


def read_ratings(path: Path) -> list[Rating]:
    """The columns user, item and rating, in stars."""
    with open(path, newline="", encoding="utf-8") as file:
        return [(row["user"], row["item"], float(row["rating"])) for row in csv.DictReader(file)]


def main() -> None:
    arguments = parse_arguments()
    data, out = Path(os.environ["DRR_LAB_RATINGS"]), Path(os.environ["DRR_LAB_OUT"])

    train, test = read_ratings(data / "train.csv"), read_ratings(data / "test.csv")
    stars = [rating for _, _, rating in train]
    reader = Reader(rating_scale=(min(stars), max(stars)))
    trainset = Dataset(reader).construct_trainset([(*rating, None) for rating in train])
    model = make_model(arguments.algo, arguments.params, arguments.seed).fit(trainset)

    predictions = model.test(test)
    metrics = {
        "rmse": accuracy.rmse(predictions, verbose=False),
        "mae": accuracy.mae(predictions, verbose=False),
    }
    with open(os.environ["DRR_LAB_METRICS"], "a", encoding="utf-8") as log:
        log.write(json.dumps(metrics) + "\n")

    # Not clipped to the range of stars: items beyond its upper end would tie.
    with open(out / "scores.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["user", "item", "score"])
        for user, item in read_pairs(data / "candidates.csv"):
            writer.writerow([user, item, float(model.predict(user, item, clip=False).est)])


if __name__ == "__main__":
    main()
