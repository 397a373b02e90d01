"""What a trained policy recommends to a user, computed again from its model and the ratings."""

from pathlib import Path
from typing import Any, Callable, List, NamedTuple, Optional, Union

import numpy as np

from . import _specs, _tensors
from ._actor import Actor
from ._errors import Error
from ._rankings import RANKINGS
from ._world import World

NETWORKS = ("drr", "drr-untrained")


class Recommendation(NamedTuple):
    """An item of a list: its id, its title, its score, and the user's rating where it is a held-out one."""

    item: str
    title: str
    score: float
    rating: Optional[float]


def order(scores: np.ndarray) -> np.ndarray:
    """Items by score, the highest first, and of equal ones the first of the dataset.

    >>> order(np.array([0.5, 2, -1, 2], np.float32)).tolist()
    [1, 3, 0, 2]
    """
    # Bits that order as the numbers do, -0 before 0 and NaN beyond all.
    bits = np.ascontiguousarray(scores, np.float32).view(np.int32).astype(np.int64)
    return np.argsort(-np.where(bits < 0, bits ^ 0x7FFFFFFF, bits), kind="stable")


class Policy:
    """A policy of one trial. Made by `Sweep.policy`."""

    def __init__(self, trial: str, name: str, world: World) -> None:
        self.trial, self.name, self.world = trial, name, world

    def __repr__(self) -> str:
        return f"<policy {self.name} of trial {self.trial[:12]}: {len(self.users)} users, {len(self.items)} items>"

    @property
    def users(self) -> List[str]:
        """The users' ids, in the order of the model's rows."""
        return self.world.users

    @property
    def items(self) -> List[str]:
        """The items' ids, in the order of the model's rows."""
        return self.world.items

    def scores(self, user: Union[str, int]) -> np.ndarray:
        """The scores of all items, in the order of `items`."""
        raise NotImplementedError

    def recommend(self, user: Union[str, int], n: int = 10, seen: bool = False) -> List[Recommendation]:
        """The `n` items that score highest; what the user rated in the train part is left out, unless `seen`."""
        number, scores = self.world.number(user), self.scores(user)
        ranked = order(scores)
        if not seen:
            known = self.world.item[self.world.train(number)]
            ranked = ranked[~np.isin(ranked, known)]
        held_out = self.world.held_out(number)
        return [Recommendation(self.items[item], self.world.title(item), float(scores[item]), held_out.get(item))
                for item in ranked[: max(n, 0)].tolist()]


class RankingPolicy(Policy):
    """One that ranks by a stored model, or by the ratings alone."""

    def __init__(self, trial: str, name: str, world: World, settings: Any, model: Any) -> None:
        super().__init__(trial, name, world)
        self._scores = RANKINGS[name][0](world, settings, model)
        if len(self._scores(0)) != len(world.items):
            raise Error(f"the model of trial {trial[:12]} is of other ratings", "give the split of its dataset")

    def scores(self, user: Union[str, int]) -> np.ndarray:
        """The scores of all items, in the order of `items`."""
        return self._scores(self.world.number(user))


class DrrPolicy(Policy):
    """DRR's: an actor that looks at a user's history."""

    def __init__(self, trial: str, name: str, world: World, actor: Actor) -> None:
        super().__init__(trial, name, world)
        self.actor = actor
        if (len(actor.users), len(actor.items)) != (len(world.users), len(world.items)):
            raise Error(f"the model of trial {trial[:12]} is of other ratings", "give the split of its dataset")

    def history(self, user: Union[str, int]) -> List[str]:
        """The items a state is made from: what the user liked last in the train part, oldest first."""
        return [self.items[item] for item in self._history(user)]

    def _history(self, user: Union[str, int]) -> List[int]:
        found, liked = self.world.latest_positive(self.world.number(user), self.actor.history)
        if liked < self.actor.history:
            raise Error(f"user {user} likes {liked} items of the train part, and this policy's history has "
                        f"{self.actor.history}", "ask for another user")
        return found

    def state(self, user: Union[str, int]) -> np.ndarray:
        """The state of a user after that history."""
        return self.actor.state(self.world.number(user), self._history(user))

    def action(self, user: Union[str, int]) -> np.ndarray:
        """The actor's action in that state."""
        return self.actor.action(self.state(user))

    def scores(self, user: Union[str, int]) -> np.ndarray:
        """The scores of all items, in the order of `items`."""
        return self.actor.scores(self.action(user))

    def save_onnx(self, path: Union[str, Path], scores: bool = False) -> None:
        """Writes the actor for other runtimes: `state` in, `action` out, and all items' `scores`, if that is asked for."""
        from ._onnx import save

        save(self.actor, Path(path), scores)


def of(runs: Path, trial: str, world_of: Callable[[_specs.Spec], World]) -> Policy:
    """The policy of a trial: of an evaluation the one it evaluates, of a model the one that ranks by it."""
    spec = _specs.read(runs, trial)
    evaluated = spec.get("policy")
    name = evaluated["kind"] if evaluated else spec["kind"]
    settings = evaluated["settings"] if evaluated else spec["settings"]

    def arrays(below: str) -> Any:
        path = runs / "trials" / below / "model.safetensors"
        return _tensors.read(path, _specs.model_bytes(runs, below))

    if name in NETWORKS:
        model = spec["upstream"]["drr"] if evaluated else trial
        own = _specs.read(runs, model)
        actor = Actor(own["settings"], arrays(model), arrays(own["upstream"]["pmf"]))
        return DrrPolicy(trial, name, world_of(spec), actor)
    if name not in RANKINGS:
        known = ", ".join([*NETWORKS, *RANKINGS])
        raise Error(f"trial {trial[:12]} is of {name}, whose recommendations are not computed in Python",
                    f"name a trial of one of {known}")
    below = RANKINGS[name][1]
    content = arrays(spec["upstream"][below] if evaluated else trial) if below else {}
    return RankingPolicy(trial, name, world_of(spec), settings, content)
