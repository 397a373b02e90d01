"""The usual DRR in PyTorch, as such code is written: the reference that drr-lab's trainer is measured against.

nn.Module networks, torch.optim.Adam, autograd, a list of transitions that hold expanded states, NumPy priorities over the
whole buffer. Random embeddings of MovieLens 100K's size: speed does not depend on what is learned.

    python drr.py --stored 200000 --seconds 20       one JSON line: updates per second, environment and replay included
    python drr.py --offline --users 500 --k 20       one JSON line: seconds of one offline evaluation, user by user
"""

import argparse
import json
import random
import time

import numpy as np
import torch
from torch import nn

USERS, ITEMS, K, N_HISTORY, BATCH, T = 943, 1682, 100, 5, 64, 10
GAMMA, TAU, ALPHA, BETA, ACTOR_LR, CRITIC_LR = 0.9, 0.001, 0.3, 0.4, 5e-4, 1e-3


class StateAve(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.full((N_HISTORY,), 1 / N_HISTORY))

    def forward(self, user, items):
        g = (self.w[:, None] * items).sum(-2)
        return torch.cat([user, user * g, g], -1)


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        size = 3 * K
        self.net = nn.Sequential(
            nn.Linear(size, size), nn.ReLU(), nn.Linear(size, size), nn.ReLU(), nn.Linear(size, K), nn.Tanh()
        )

    def forward(self, state):
        return self.net(state)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        size = 3 * K
        self.state = nn.Sequential(nn.Linear(size, size), nn.ReLU())
        joined = K + size
        self.net = nn.Sequential(
            nn.Linear(joined, joined), nn.ReLU(), nn.Linear(joined, joined), nn.ReLU(), nn.Linear(joined, 1)
        )

    def forward(self, state, action):
        return self.net(torch.cat([action, self.state(state)], -1))


class PrioritisedReplay:
    def __init__(self, capacity):
        self.capacity, self.data, self.next = capacity, [], 0
        self.priorities = np.zeros(capacity, dtype=np.float32)

    def push(self, *transition):
        largest = self.priorities.max() if self.data else 1.0
        if len(self.data) < self.capacity:
            self.data.append(transition)
        else:
            self.data[self.next] = transition
        self.priorities[self.next] = largest
        self.next = (self.next + 1) % self.capacity

    def sample(self, count):
        probabilities = self.priorities[: len(self.data)] ** ALPHA
        probabilities /= probabilities.sum()
        indices = np.random.choice(len(self.data), count, p=probabilities)
        weights = (len(self.data) * probabilities[indices]) ** -BETA
        weights = torch.as_tensor(weights / weights.max(), dtype=torch.float32)
        user, items, action, reward, next_items = zip(*[self.data[i] for i in indices])
        batch = [torch.stack(part) for part in (user, items, action, next_items)]
        return indices, weights, batch, torch.as_tensor(reward, dtype=torch.float32).unsqueeze(1)

    def update(self, indices, errors):
        self.priorities[indices] = np.abs(errors) + 1e-5


class Drr:
    def __init__(self):
        self.p, self.q = torch.rand(USERS, K) * 0.1, torch.rand(ITEMS, K) * 0.1
        self.ratings = torch.rand(USERS, ITEMS) * 2 - 1
        self.state = StateAve()
        self.actor, self.target_actor = Actor(), Actor()
        self.critic, self.target_critic = Critic(), Critic()
        self.target_actor.load_state_dict(self.actor.state_dict())
        self.target_critic.load_state_dict(self.critic.state_dict())
        parameters = list(self.actor.parameters()) + list(self.state.parameters())
        self.actor_adam = torch.optim.Adam(parameters, lr=ACTOR_LR)
        self.critic_adam = torch.optim.Adam(self.critic.parameters(), lr=CRITIC_LR)
        self.replay = PrioritisedReplay(200_000)
        self.begin()

    def begin(self):
        self.user = random.randrange(USERS)
        self.history = [random.randrange(ITEMS) for _ in range(N_HISTORY)]
        self.recommended, self.steps = set(), 0

    def act(self):
        with torch.no_grad():
            return self.actor(self.state(self.p[self.user], self.q[self.history]))

    def recommend(self, action):
        scores = self.q @ action
        scores[list(self.recommended)] = -torch.inf
        item = int(scores.argmax())
        reward = float(self.ratings[self.user, item])
        before = self.q[self.history]
        if reward > 0:
            self.history = self.history[1:] + [item]
        self.recommended.add(item)
        self.replay.push(self.p[self.user], before, action, reward, self.q[self.history])
        self.steps += 1
        if self.steps == T:
            self.begin()

    def update(self):
        indices, weights, (user, items, action, next_items), reward = self.replay.sample(BATCH)
        state = self.state(user, items)
        with torch.no_grad():
            next_state = self.state(user, next_items)
            y = reward + GAMMA * self.target_critic(next_state, self.target_actor(next_state))
        value = self.critic(state.detach(), action)
        loss = (weights.unsqueeze(1) * (y - value) ** 2).mean()
        self.critic_adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.critic.parameters(), 1.0)
        self.critic_adam.step()
        policy_loss = -self.critic(state.detach(), self.actor(state)).mean()
        self.actor_adam.zero_grad()
        policy_loss.backward()
        self.actor_adam.step()
        for online, target in ((self.actor, self.target_actor), (self.critic, self.target_critic)):
            for theta, theta_target in zip(online.parameters(), target.parameters()):
                theta_target.data.copy_(TAU * theta.data + (1 - TAU) * theta_target.data)
        self.replay.update(indices, (y - value).detach().squeeze(1).numpy())


def updates_per_second(stored, seconds):
    drr = Drr()
    while len(drr.replay.data) < stored:
        if drr.replay.data:
            # The same transition many times over: what is stored does not change how long a step takes.
            index = len(drr.replay.data)
            drr.replay.data.append(drr.replay.data[index % 64])
            drr.replay.priorities[index] = random.random()
            drr.replay.next = (index + 1) % drr.replay.capacity
        while len(drr.replay.data) < 64:
            drr.recommend(torch.rand(K) * 2 - 1)
    for _ in range(10):
        drr.recommend(drr.act())
        drr.update()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        drr.recommend(drr.act())
        drr.update()
        done += 1
    return done / (time.perf_counter() - start)


def offline_seconds(users, k, candidates):
    drr = Drr()
    start = time.perf_counter()
    hits = 0
    for _ in range(users):
        user = random.randrange(USERS)
        history = [random.randrange(ITEMS) for _ in range(N_HISTORY)]
        left = random.sample(range(ITEMS), candidates)
        for _ in range(k):
            with torch.no_grad():
                action = drr.actor(drr.state(drr.p[user], drr.q[history]))
            item = left[int((drr.q[left] @ action).argmax())]
            left.remove(item)
            reward = float(drr.ratings[user, item])
            if reward > 0:
                history = history[1:] + [item]
                hits += 1
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--k", type=int, default=20)
    parser.add_argument("--candidates", type=int, default=50)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.offline:
        print(json.dumps({"seconds": offline_seconds(arguments.users, arguments.k, arguments.candidates)}))
    else:
        print(json.dumps({"updates_per_second": updates_per_second(arguments.stored, arguments.seconds)}))
