"""A support vector classifier of handwritten digits, one trial of a sweep.

Trains scikit-learn's SVC (Cortes & Vapnik, Machine Learning 20, 1995) on the 1,797 images of 8 x 8
pixels that ship with the library and measures accuracy and multi-class hinge loss on a quarter of
them. The seed decides which quarter; nothing else is random.
"""

import argparse
import csv
import json
import os
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, hinge_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--C", type=float, required=True, help="inverse strength of the L2 penalty"
    )
    parser.add_argument("--kernel", choices=["linear", "rbf"], required=True)
    parser.add_argument("--seed", type=int, required=True, help="decides the split")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    images, labels = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        images, labels, test_size=0.25, stratify=labels, random_state=arguments.seed
    )
    model = make_pipeline(MinMaxScaler(), SVC(C=arguments.C, kernel=arguments.kernel))
    model.fit(train_x, train_y)
    predicted = model.predict(test_x)

    # Metrics: one JSON object a line.
    metrics = {
        "accuracy": accuracy_score(test_y, predicted),
        "hinge": hinge_loss(test_y, model.decision_function(test_x)),
        "support_vectors": int(model[-1].n_support_.sum()),
    }
    with open(os.environ["DRR_LAB_METRICS"], "a", encoding="utf-8") as log:
        log.write(json.dumps(metrics) + "\n")

    # Artifacts: whatever lies in the folder of the trial's own.
    with open(
        Path(os.environ["DRR_LAB_OUT"]) / "predictions.csv", "w", newline="", encoding="utf-8"
    ) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["label", "predicted"])
        writer.writerows(zip(test_y.tolist(), predicted.tolist()))


if __name__ == "__main__":
    main()
