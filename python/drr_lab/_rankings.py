"""Policies that rank every item by a score of its own or of the user's: factorisations, models of factors, neighbours,
means and counts. Sums run in the program's order, so that the scores have its bits."""

from typing import Any, Callable, Dict

import numpy as np

from ._world import World

F = np.float32
Arrays = Dict[str, np.ndarray]
# All items' scores for a user.
Scores = Callable[[int], np.ndarray]
# Makes them of the ratings, the policy's settings, and the model it stands on.
Make = Callable[[World, Dict[str, Any], Arrays], Scores]
LANES = 16


def lanes(rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Each row times x in single precision: sixteen sums side by side, whose halves are added until one is left.

    >>> lanes(np.ones((1, 20), F), np.arange(20, dtype=F)).tolist()
    [190.0]
    """
    products = rows * x
    short = -products.shape[1] % LANES
    sums = np.pad(products, ((0, 0), (0, short))).reshape(len(rows), -1, LANES)
    total = np.zeros((len(rows), LANES), F)
    for at in range(sums.shape[1]):
        total = total + sums[:, at]
    while total.shape[1] > 1:
        half = total.shape[1] // 2
        total = total[:, :half] + total[:, half:]
    return total[:, 0]


def in_order(products: np.ndarray) -> np.ndarray:
    """The sums of rows, one value after another."""
    sums = np.zeros(len(products), products.dtype)
    for column in products.T:
        sums = sums + column
    return sums


def pmf(world: World, settings: Dict[str, Any], model: Arrays) -> Scores:
    """The predicted reward."""
    p, q, user_bias, bias = (model[name] for name in ("user.embedding", "item.embedding", "user.bias", "item.bias"))
    return lambda user: lanes(q, p[user]) + user_bias[user] + bias


def factors(world: World, settings: Dict[str, Any], model: Arrays) -> Scores:
    """The product of a user's and an item's factors, in double precision."""
    p, q = model["user.factors"].astype(float), model["item.factors"].astype(float)
    return lambda user: in_order(q * p[user]).astype(F)


def svdpp(world: World, settings: Dict[str, Any], model: Arrays) -> Scores:
    """The predicted rating, as a reward."""
    product, mean, unit = factors(world, settings, model), model["mean"][0], world.scale.unit
    user_bias, bias = model["user.bias"], model["item.bias"]
    return lambda user: ((mean + (user_bias[user] + bias) + product(user)).astype(float) / unit).astype(F)


def ease(world: World, settings: Dict[str, Any], model: Arrays) -> Scores:
    """The weights between an item and what the user rated, times what these ratings count."""
    weights = model["item.weights"]
    ratings = world.reward.astype(float) * world.scale.unit + world.scale.centre
    values = (np.ones(len(ratings)), world.is_positive.astype(float), ratings)[int(model["values"][0])]

    def scores(user: int) -> np.ndarray:
        own = world.train(user)
        return in_order(weights[:, world.item[own]].astype(float) * values[own]).astype(F)

    return scores


def item_knn(world: World, settings: Dict[str, Any], model: Arrays) -> Scores:
    """An item's mean, and what the user rated among its neighbours, weighted by how alike they are."""
    means, counts = model["item.mean"], model["item.neighbours"].astype(np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = int(counts.max(initial=0))
    near, alike = np.zeros((len(counts), width), np.int64), np.zeros((len(counts), width), F)
    near[owner, place] = model["neighbour.item"].astype(np.int64)
    alike[owner, place] = model["neighbour.similarity"]

    def scores(user: int) -> np.ndarray:
        own, apart, is_rated = world.train(user), np.zeros(len(means), F), np.zeros(len(means), bool)
        apart[world.item[own]] = world.reward[own] - means[world.item[own]]
        is_rated[world.item[own]] = True
        counted = np.where(is_rated[near], alike, F(0))
        sums, weight = in_order(counted * apart[near]), in_order(counted)
        return means + np.where(weight > 0, sums / np.where(weight > 0, weight, F(1)), F(0))

    return scores


def item_mean(world: World, settings: Dict[str, Any], model: Arrays) -> Scores:
    """Each item's mean reward, as if so many ratings at the mean of all had come before."""
    shrinkage, rewards = settings.get("shrinkage", 5.0), world.reward.astype(float)
    sums = np.bincount(world.item, rewards, len(world.items))
    weight = np.bincount(world.item, minlength=len(world.items)) + shrinkage
    mean = float(np.cumsum(rewards)[-1]) / len(rewards) if len(rewards) else 0.0
    means = np.where(weight > 0, (sums + shrinkage * mean) / np.where(weight > 0, weight, 1), mean).astype(F)
    return lambda user: means


def popularity(world: World, settings: Dict[str, Any], model: Arrays) -> Scores:
    """How many train ratings an item has; the positive ones, or all."""
    counted = world.item if settings.get("counts", "positive") == "all" else world.item[world.is_positive]
    counts = np.bincount(counted, minlength=len(world.items)).astype(F)
    return lambda user: counts


# By the policy's name: what makes it, and the kind of the model it stands on; none for what ratings alone make.
RANKINGS: Dict[str, "tuple[Make, str]"] = {
    "pmf": (pmf, "pmf"), "svdpp": (svdpp, "svdpp"), "ials": (factors, "ials"), "pure-svd": (factors, "pure-svd"),
    "ease": (ease, "ease"), "item-knn": (item_knn, "item-knn"), "item-mean": (item_mean, ""), "popularity": (popularity, ""),
}
