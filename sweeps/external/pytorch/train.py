"""DRR in PyTorch, one trial of a sweep.

Trains the recommender of Liu et al. (arXiv 1810.12027) with the state DRR-ave on train.csv: PMF
embeddings, an environment that answers with the user's rating or PMF's prediction, prioritised
replay (Schaul et al., arXiv 1511.05952) and DDPG updates (Lillicrap et al., arXiv 1509.02971).
Then scores every pair of candidates.csv by q_i . a: the item's embedding times the action for the
user's latest positive train items. The defaults are those of sweep.toml beside this file.

The scores are static: one action for each user. drr-lab's own evaluation of DRR acts anew after
every recommendation that the user liked.
"""

import argparse
import csv
import json
import os
from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam

import pmf


@dataclass
class Config:
    """Hyperparameters; those of drr-lab's section [drr]."""

    seed: int = 0
    steps: int = 4000
    gamma: float = 0.9
    tau: float = 0.001
    actor_lr: float = 1e-4
    critic_lr: float = 1e-3
    history: int = 5
    batch_size: int = 64
    episode_length: int = 10
    learning_starts: int = 500
    alpha: float = 0.3
    beta: float = 0.4
    eps_start: float = 1.0
    eps_end: float = 0.1
    eps_steps: int = 2000
    grad_clip: float = 1.0
    record_every: int = 250


def parse_arguments() -> Config:
    parser = argparse.ArgumentParser(description=__doc__)
    for field in fields(Config):
        parser.add_argument(f"--{field.name}", type=field.type, default=field.default)
    return Config(**vars(parser.parse_args()))


def layer(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """Orthogonal weights, zero biases."""
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight, generator=generator)
    nn.init.zeros_(linear.bias)
    return linear


class Actor(nn.Module):
    """The state s = [p ; p * g ; g], g = sum_j w_j q_j over the history, and the policy."""

    def __init__(self, k: int, history: int, generator: torch.Generator) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.full((history,), 1 / history))
        size = 3 * k
        self.net = nn.Sequential(
            layer(size, size, generator),
            nn.ReLU(),
            layer(size, size, generator),
            nn.ReLU(),
            layer(size, k, generator),
            nn.Tanh(),
        )

    def state(self, user: Tensor, items: Tensor) -> Tensor:
        """[N, k], [N, n, k] -> [N, 3k]."""
        g = (self.w[:, None] * items).sum(-2)
        return torch.cat([user, user * g, g], -1)

    def forward(self, state: Tensor) -> Tensor:
        """[N, 3k] -> actions [N, k]."""
        return self.net(state)


class Critic(nn.Module):
    """Q(s, a)."""

    def __init__(self, k: int, generator: torch.Generator) -> None:
        super().__init__()
        size, joined = 3 * k, 4 * k
        self.state = nn.Sequential(layer(size, size, generator), nn.ReLU())
        self.net = nn.Sequential(
            layer(joined, joined, generator),
            nn.ReLU(),
            layer(joined, joined, generator),
            nn.ReLU(),
            layer(joined, 1, generator),
        )

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        """[N, 3k], [N, k] -> [N]."""
        return self.net(torch.cat([action, self.state(state)], -1)).squeeze(-1)


class Replay:
    """Proportional prioritised replay of transitions, stored as ids. It holds every step."""

    def __init__(self, config: Config, k: int) -> None:
        self.config, self.stored, self.largest = config, 0, 1.0
        self.priorities = np.zeros(config.steps)
        self.users = np.zeros(config.steps, dtype=np.int64)
        self.before = np.zeros((config.steps, config.history), dtype=np.int64)
        self.after = np.zeros((config.steps, config.history), dtype=np.int64)
        self.actions = np.zeros((config.steps, k), dtype=np.float32)
        self.rewards = np.zeros(config.steps, dtype=np.float32)

    def push(
        self, user: int, before: list[int], action: np.ndarray, reward: float, after: list[int]
    ) -> None:
        at = self.stored
        self.users[at], self.before[at], self.after[at] = user, before, after
        self.actions[at], self.rewards[at] = action, reward
        self.priorities[at] = self.largest**self.config.alpha
        self.stored += 1

    def draw(self, draws: np.random.Generator) -> tuple[np.ndarray, Tensor]:
        """The places of a minibatch and its importance weights.

        Draws are stratified: one from each of N equal shares of the total priority.
        """
        count = self.config.batch_size
        sums = np.cumsum(self.priorities[: self.stored])
        shares = (np.arange(count) + draws.random(count)) / count
        places = np.searchsorted(sums, shares * sums[-1], side="right")
        places = np.minimum(places, self.stored - 1)
        weights = (self.stored * self.priorities[places] / sums[-1]) ** -self.config.beta
        return places, torch.from_numpy((weights / weights.max()).astype(np.float32))

    def reprioritise(self, places: np.ndarray, errors: np.ndarray) -> None:
        priorities = np.abs(errors) + 1e-5
        self.largest = max(self.largest, float(priorities.max()))
        self.priorities[places] = priorities**self.config.alpha


class Agent:
    """Networks, their targets and their optimisers, on frozen embeddings."""

    def __init__(self, config: Config, users: Tensor, items: Tensor) -> None:
        self.config, self.users, self.items = config, users, items
        k, generator = users.shape[1], pmf.torch_stream(config.seed, 5)
        self.actor, self.target_actor = (Actor(k, config.history, generator) for _ in range(2))
        self.critic, self.target_critic = (Critic(k, generator) for _ in range(2))
        self.target_actor.load_state_dict(self.actor.state_dict())
        self.target_critic.load_state_dict(self.critic.state_dict())
        self.online = [*self.actor.parameters(), *self.critic.parameters()]
        self.targets = [*self.target_actor.parameters(), *self.target_critic.parameters()]
        self.actor_adam = Adam(self.actor.parameters(), lr=config.actor_lr, fused=True)
        self.critic_adam = Adam(self.critic.parameters(), lr=config.critic_lr, fused=True)

    @torch.no_grad()
    def act(self, users: list[int], histories: list[list[int]]) -> Tensor:
        """[N, k]: the policy's actions."""
        p, q = self.users[torch.tensor(users)], self.items[torch.tensor(histories)]
        return self.actor(self.actor.state(p, q))

    def update(self, replay: Replay, draws: np.random.Generator) -> tuple[float, float]:
        """One step of critic, actor and targets; the critic's loss and the mean of Q."""
        places, weights = replay.draw(draws)
        users = self.users[replay.users[places]]
        action = torch.from_numpy(replay.actions[places])
        reward = torch.from_numpy(replay.rewards[places])
        state = self.actor.state(users, self.items[replay.before[places]])

        # A session ends by truncation, so the target always bootstraps.
        with torch.no_grad():
            next_state = self.actor.state(users, self.items[replay.after[places]])
            next_value = self.target_critic(next_state, self.target_actor(next_state))
            y = reward + self.config.gamma * next_value
        value = self.critic(state.detach(), action)
        errors = y - value
        loss = (weights * errors.square()).mean()
        self.critic_adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.critic.parameters(), self.config.grad_clip)
        self.critic_adam.step()

        # w's gradient flows through the action alone: through the critic's view of the state, w
        # would learn to please the critic.
        policy_loss = -self.critic(state.detach(), self.actor(state)).mean()
        self.actor_adam.zero_grad()
        policy_loss.backward(inputs=list(self.actor.parameters()))
        self.actor_adam.step()

        with torch.no_grad():
            for theta, theta_target in zip(self.online, self.targets):
                theta_target.lerp_(theta, self.config.tau)
        replay.reprioritise(places, errors.detach().numpy())
        return float(loss.detach()), float(value.detach().mean())


def positives(ratings: pmf.Ratings) -> dict[int, list[int]]:
    """The items that each user liked, oldest first."""
    liked: dict[int, list[int]] = defaultdict(list)
    for row in np.lexsort((ratings.items, ratings.times)):
        if ratings.rewards[row] > 0:
            liked[int(ratings.users[row])].append(int(ratings.items[row]))
    return liked


def train(config: Config, ratings: pmf.Ratings, model: pmf.Pmf, log: "Log") -> Agent:
    """The loop: observe, act, recommend, reward, store, sample, update."""
    q = model.item.weight.detach()
    agent, replay = Agent(config, model.user.weight.detach(), q), Replay(config, q.shape[1])
    sessions, explore, draws = (np.random.default_rng([config.seed, it]) for it in (2, 3, 4))
    liked, n = positives(ratings), config.history
    eligible = np.array([user for user in sorted(liked) if len(liked[user]) >= n])
    rated = zip(ratings.users.tolist(), ratings.items.tolist())
    known = dict(zip(rated, ratings.rewards.tolist()))
    order: list[int] = []
    recommended: list[int] = []

    for step in range(config.steps):
        if step % config.episode_length == 0:
            # The next user's session; the order of users is drawn anew for every pass.
            order = order or sessions.permutation(eligible).tolist()
            user = order.pop()
            history, recommended = liked[user][:n], []
        share = min(step / config.eps_steps, 1.0)
        epsilon = config.eps_start + (config.eps_end - config.eps_start) * share
        if explore.random() < epsilon:
            action = torch.from_numpy(explore.uniform(-1.0, 1.0, q.shape[1]).astype(np.float32))
        else:
            action = agent.act([user], [history])[0]
        scores = q @ action
        scores[recommended] = -torch.inf
        item = int(scores.argmax())
        reward = known.get((user, item))
        if reward is None:
            with torch.no_grad():
                reward = float(model(torch.tensor(user), torch.tensor(item)).clamp(-1.0, 1.0))
        recommended.append(item)
        after = history[1:] + [item] if reward > 0 else history
        replay.push(user, history, action.numpy(), reward, after)
        history = after
        log.add("reward", reward)
        if replay.stored >= max(config.learning_starts, config.batch_size):
            loss, value = agent.update(replay, draws)
            log.add("critic_loss", loss)
            log.add("q", value)
        if (step + 1) % config.record_every == 0 or step + 1 == config.steps:
            log.write(step + 1)
    return agent


class Log:
    """Metrics as JSON lines, each the mean since the last line."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.values: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, value: float) -> None:
        self.values[name].append(value)

    def write(self, step: int | None = None) -> None:
        line: dict[str, float] = {} if step is None else {"step": step}
        line.update({name: float(np.mean(values)) for name, values in self.values.items()})
        self.values.clear()
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def write_scores(
    data: Path,
    out: Path,
    users: dict[str, int],
    items: dict[str, int],
    agent: Agent,
    liked: dict[int, list[int]],
) -> None:
    """Scores of candidates; unknown items and places missing in a history are zeros."""
    n, nothing = agent.config.history, len(agent.items)
    agent.items = torch.cat([agent.items, torch.zeros(1, agent.items.shape[1])])
    histories = [([nothing] * n + liked.get(user, []))[-n:] for user in range(len(users))]
    scores = (agent.act(list(range(len(users))), histories) @ agent.items.T).numpy()
    with open(out / "scores.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["user", "item", "score"])
        for pair in pmf.read_rows(data / "candidates.csv"):
            user, item = users.get(pair["user"]), items.get(pair["item"], nothing)
            score = 0.0 if user is None else float(scores[user, item])
            writer.writerow([pair["user"], pair["item"], score])


def index(rows: list[dict[str, str]], column: str) -> dict[str, int]:
    """The places of a column's values in their order."""
    return {name: at for at, name in enumerate(sorted({row[column] for row in rows}))}


def main() -> None:
    config = parse_arguments()
    data, out = Path(os.environ["DRR_LAB_RATINGS"]), Path(os.environ["DRR_LAB_OUT"])
    log = Log(os.environ["DRR_LAB_METRICS"])
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    rows = pmf.read_rows(data / "train.csv")
    users, items = index(rows, "user"), index(rows, "item")
    ratings = pmf.to_ratings(rows, users, items)
    test = pmf.to_ratings(pmf.read_rows(data / "test.csv"), users, items)

    model = pmf.train(ratings, len(users), len(items), pmf.PmfConfig(), config.seed)
    log.add("pmf_rmse", 2 * pmf.rmse(model, test))  # in stars
    log.write()
    agent = train(config, ratings, model, log)
    write_scores(data, out, users, items, agent, positives(ratings))
    networks = {"actor": agent.actor.state_dict(), "critic": agent.critic.state_dict()}
    torch.save(networks, out / "networks.pt")


if __name__ == "__main__":
    main()
