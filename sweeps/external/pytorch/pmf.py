"""Probabilistic matrix factorisation with biases (Mnih & Salakhutdinov, NIPS 2007), on rewards.

r(u, i) = p_u . q_i + b_u + b_i by minibatch Adam on mean squared error plus L2, stopped early on a
validation part, then trained anew on all of train for as many epochs as were best.
"""

import copy
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn


@dataclass
class Ratings:
    """Ratings as arrays of one length: indices of users and items, rewards in [-1, 1], seconds."""

    users: np.ndarray
    items: np.ndarray
    rewards: np.ndarray
    times: np.ndarray

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: np.ndarray) -> "Ratings":
        return Ratings(self.users[rows], self.items[rows], self.rewards[rows], self.times[rows])


@dataclass
class PmfConfig:
    """Hyperparameters; those of drr-lab's section [pmf]."""

    k: int = 100
    lr: float = 0.0015
    l2: float = 0.055
    l2_bias: float = 1.0
    batch_size: int = 6400
    epochs: int = 200
    patience: int = 5
    validation: float = 0.1


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def to_ratings(
    rows: Sequence[dict[str, str]], users: dict[str, int], items: dict[str, int]
) -> Ratings:
    """Rows as arrays, without users and items that the indices lack.

    A rating of r stars, 1 to 5, is the reward (r - 3) / 2.
    """
    rows = [row for row in rows if row["user"] in users and row["item"] in items]
    return Ratings(
        users=np.array([users[row["user"]] for row in rows], dtype=np.int64),
        items=np.array([items[row["item"]] for row in rows], dtype=np.int64),
        rewards=np.array([(float(row["rating"]) - 3) / 2 for row in rows], dtype=np.float32),
        times=np.array([int(float(row["timestamp"])) for row in rows], dtype=np.int64),
    )


def torch_stream(seed: int, stream: int) -> torch.Generator:
    """A generator of its own for each stream of a seed, as numpy's default_rng([seed, stream])."""
    state = np.random.SeedSequence([seed, stream]).generate_state(1)[0]
    return torch.Generator().manual_seed(int(state))


class Pmf(nn.Module):
    """Embeddings and biases of users and items.

    Gradients are sparse, so that Adam touches the rows of its batch only.
    """

    def __init__(self, users: int, items: int, k: int, generator: torch.Generator) -> None:
        super().__init__()
        self.user = nn.Embedding(users, k, sparse=True)
        self.item = nn.Embedding(items, k, sparse=True)
        self.user_bias = nn.Embedding(users, 1, sparse=True)
        self.item_bias = nn.Embedding(items, 1, sparse=True)
        for factors in (self.user, self.item):
            nn.init.uniform_(factors.weight, 0.0, 0.1, generator=generator)
        for bias in (self.user_bias, self.item_bias):
            nn.init.uniform_(bias.weight, -0.01, 0.01, generator=generator)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Predicted rewards, not clipped: [N], [N] -> [N]."""
        dot = (self.user(users) * self.item(items)).sum(-1)
        return dot + self.user_bias(users).squeeze(-1) + self.item_bias(items).squeeze(-1)

    def loss(self, users: Tensor, items: Tensor, rewards: Tensor, config: PmfConfig) -> Tensor:
        """Mean over ratings of squared error plus penalties of the rows that a rating touches."""
        squares = (self(users, items) - rewards).square()
        factors = self.user(users).square().sum(-1) + self.item(items).square().sum(-1)
        biases = self.user_bias(users).square().sum(-1) + self.item_bias(items).square().sum(-1)
        return (squares + config.l2 * factors + config.l2_bias * biases).mean()


@torch.no_grad()
def rmse(model: Pmf, ratings: Ratings) -> float:
    """Root mean squared error of clipped predictions, on the scale of rewards."""
    predicted = model(torch.from_numpy(ratings.users), torch.from_numpy(ratings.items)).clamp(
        -1.0, 1.0
    )
    return float((predicted - torch.from_numpy(ratings.rewards)).square().mean().sqrt())


class Trainer:
    """A model, its optimiser and the stream that its minibatches are drawn from."""

    def __init__(
        self, model: Pmf, ratings: Ratings, config: PmfConfig, draws: np.random.Generator
    ) -> None:
        self.model, self.ratings, self.config, self.draws = model, ratings, config, draws
        self.adam = torch.optim.SparseAdam(model.parameters(), lr=config.lr)

    def epoch(self) -> None:
        batches = -(-len(self.ratings) // self.config.batch_size)
        for rows in np.array_split(self.draws.permutation(len(self.ratings)), batches):
            batch = self.ratings.take(rows)
            users, items, rewards = map(
                torch.from_numpy, (batch.users, batch.items, batch.rewards)
            )
            self.adam.zero_grad()
            self.model.loss(users, items, rewards, self.config).backward()
            self.adam.step()


def train(ratings: Ratings, users: int, items: int, config: PmfConfig, seed: int) -> Pmf:
    """A model trained on all ratings for as many epochs as were best on a validation part."""
    start = Pmf(users, items, config.k, torch_stream(seed, 0))
    draws = np.random.default_rng([seed, 1])
    order = draws.permutation(len(ratings))
    held_out, rest = np.split(order, [round(config.validation * len(ratings))])
    validation = ratings.take(held_out)

    search = Trainer(copy.deepcopy(start), ratings.take(rest), config, draws)
    best_epoch, least = 0, float("inf")
    for epoch in range(1, config.epochs + 1):
        search.epoch()
        error = rmse(search.model, validation)
        if error < least:
            best_epoch, least = epoch, error
        elif epoch - best_epoch >= config.patience:
            break

    refit = Trainer(start, ratings, config, draws)
    for _ in range(best_epoch):
        refit.epoch()
    return refit.model
