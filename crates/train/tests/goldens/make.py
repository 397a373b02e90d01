"""Makes the golden values: the same tiny networks and updates, written plainly in PyTorch with autograd.

    pip install torch==2.11.0 numpy && python make.py

Parameters are flat as in `actor_critic::shapes`: for each layer the weight [inputs, outputs], then the bias; the actor
ends with the state's weights w.
"""

import json
import pathlib

import numpy
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(7)
USERS, ITEMS, K, HISTORY, BATCH = 5, 9, 4, 3, 6
ACTOR_HIDDEN, CRITIC_HIDDEN = [7, 5], [6, 8, 5]
GAMMA, TAU, ACTOR_LR, CRITIC_LR, CLIP, DECAY = 0.9, 0.05, 5e-3, 1e-2, 0.1, 0.01


class Actor(nn.Module):
    def __init__(self, state_size, action_size, unit, base=None, reach=1.0, inverting=False):
        super().__init__()
        first, second = ACTOR_HIDDEN
        self.layers = nn.ModuleList(
            [nn.Linear(state_size, first), nn.Linear(first, second), nn.Linear(second, action_size)]
        )
        self.w = nn.Parameter(torch.rand(HISTORY))
        self.unit, self.base, self.reach, self.inverting = unit, base, reach, inverting

    def forward(self, s):
        x = torch.relu(self.layers[0](s))
        x = torch.relu(self.layers[1](x))
        self.sums = self.layers[2](x)
        a = self.reach * (invert(self.sums) if self.inverting else torch.tanh(self.sums))
        if self.base == "pmf":
            # The state begins with the user's factors; the item's bias weighs 1.
            a = a + torch.cat([s[:, :K], torch.ones(len(s), a.shape[1] - K)], 1)
        return nn.functional.normalize(a, dim=1) if self.unit else a


class Invert(torch.autograd.Function):
    """The identity, whose gradient is multiplied by half the room that is left to the bound it points at."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        # Losses fall against their gradient: a negative one raises x.
        return gradient * torch.where(gradient < 0, (1 - x) / 2, (1 + x) / 2)


invert = Invert.apply


class Critic(nn.Module):
    def __init__(self, state_size, action_size):
        super().__init__()
        h, second, third = CRITIC_HIDDEN
        self.layers = nn.ModuleList(
            [nn.Linear(state_size, h), nn.Linear(action_size + h, second), nn.Linear(second, third), nn.Linear(third, 1)]
        )

    def forward(self, s, a):
        h = torch.relu(self.layers[0](s))
        x = torch.relu(self.layers[1](torch.cat([a, h], 1)))
        x = torch.relu(self.layers[2](x))
        return self.layers[3](x).squeeze(1)


def flat(network):
    parts = []
    for layer in network.layers:
        parts += [layer.weight.detach().t().reshape(-1), layer.bias.detach()]
    if hasattr(network, "w"):
        parts.append(network.w.detach())
    return torch.cat(parts).tolist()


def state(kind, p, q, w, users, items):
    weighted = w[None, :, None] * q[items]
    if kind == "ave":
        g = weighted.sum(1)
        return torch.cat([p[users], p[users] * g, g], 1)
    if kind == "n":  # w takes no part, with a gradient that is 0 and not missing
        return q[items].flatten(1) + 0.0 * w.sum()
    single = [q[items][:, a] if kind == "p" else p[users] * weighted[:, a] for a in range(HISTORY)]
    pairs = [weighted[:, a] * weighted[:, b] for a in range(HISTORY) for b in range(a + 1, HISTORY)]
    return torch.cat(single + pairs, 1)


def drr(kind, action_size=K, unit=False, base="none", reach=1.0, bounding="tanh", penalty=0.0, twin=False):
    torch.manual_seed(7)
    p, q = torch.randn(USERS, K), torch.randn(ITEMS, K)
    size = {"ave": 3 * K, "n": K * HISTORY}.get(kind, K * (HISTORY + HISTORY * (HISTORY - 1) // 2))
    departure = (base, reach, bounding == "inverting")
    actor, target_actor = (Actor(size, action_size, unit, *departure) for _ in range(2))
    critic, target_critic = Critic(size, action_size), Critic(size, action_size)
    twin_critic, target_twin = (Critic(size, action_size), Critic(size, action_size)) if twin else (None, None)
    # Targets start apart from the networks here, so that mixing them up cannot pass.
    golden = {
        "state": kind, "scoring": "dot" if action_size == K else "dot-bias", "action_norm": "unit" if unit else "none",
        "action_base": base, "action_range": reach, "bounding": bounding, "sum_penalty": penalty,
        "k": K, "history": HISTORY, "batch": BATCH, "actor_hidden": ACTOR_HIDDEN, "critic_hidden": CRITIC_HIDDEN,
        "gamma": GAMMA, "tau": TAU, "actor_lr": ACTOR_LR, "critic_lr": CRITIC_LR, "grad_clip": CLIP,
        "weight_decay": DECAY, "p": p.flatten().tolist(), "q": q.flatten().tolist(),
        "actor": flat(actor), "critic": flat(critic), "target_actor": flat(target_actor),
        "target_critic": flat(target_critic), "updates": [],
    }
    if twin:
        golden |= {"critics": 2, "smoothing": 0.2, "twin": flat(twin_critic), "target_twin": flat(target_twin)}
        twin_adam = torch.optim.Adam(twin_critic.parameters(), lr=CRITIC_LR, weight_decay=DECAY)
    actor_adam = torch.optim.Adam(actor.parameters(), lr=ACTOR_LR, weight_decay=DECAY)
    critic_adam = torch.optim.Adam(critic.parameters(), lr=CRITIC_LR, weight_decay=DECAY)
    for update in range(3):
        users = torch.randint(USERS, (BATCH,))
        before = torch.randint(ITEMS, (BATCH, HISTORY))
        after = torch.randint(ITEMS, (BATCH, HISTORY))
        actions = torch.rand(BATCH, action_size) * 2 - 1
        rewards = torch.rand(BATCH) * 2 - 1
        weights = torch.rand(BATCH)
        with torch.no_grad():
            s, s_next = (state(kind, p, q, actor.w, users, items) for items in (before, after))
            next_action = target_actor(s_next)
            if twin:
                noise = (torch.randn(BATCH, action_size) * 0.2).clamp(-0.5, 0.5)
                after_value = target_critic(s_next, next_action + noise)
                y = rewards + GAMMA * torch.minimum(after_value, target_twin(s_next, next_action + noise))
            else:
                y = rewards + GAMMA * target_critic(s_next, next_action)
        if twin:
            twin_adam.zero_grad()
            (weights * (y - twin_critic(s, actions)) ** 2).mean().backward()
            torch.nn.utils.clip_grad_norm_(twin_critic.parameters(), CLIP)
            twin_adam.step()
        value = critic(s, actions)
        critic_loss = (weights * (y - value) ** 2).mean()
        critic_adam.zero_grad()
        critic_loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(critic.parameters(), CLIP)
        critic_adam.step()
        s = state(kind, p, q, actor.w, users, before)
        policy = actor(s)
        # The policy gradient flows through the action only: w must not learn to please the critic.
        policy_value = critic(s.detach(), policy)
        actor_adam.zero_grad()
        (-policy_value.mean() + penalty / 2 * (actor.sums**2).sum(1).mean()).backward()
        actor_adam.step()
        with torch.no_grad():
            pairs = ((actor, target_actor), (critic, target_critic), (twin_critic, target_twin))
            for online, target in pairs[: 3 if twin else 2]:
                for theta, theta_target in zip(online.parameters(), target.parameters()):
                    theta_target.mul_(1 - TAU).add_(TAU * theta)
        golden["updates"].append({
            "users": users.tolist(), "before": before.flatten().tolist(), "after": after.flatten().tolist(),
            "actions": actions.flatten().tolist(), "rewards": rewards.tolist(), "weights": weights.tolist(),
            "td": (y - value).tolist(), "critic_loss": critic_loss.item(), "gradient_norm": norm.item(),
            "policy": policy.flatten().tolist(), "policy_value": policy_value.mean().item(),
            "actor": flat(actor), "critic": flat(critic), "target_actor": flat(target_actor),
            "target_critic": flat(target_critic),
        })
        if twin:
            golden["updates"][-1] |= {
                "noise": noise.flatten().tolist(), "twin": flat(twin_critic), "target_twin": flat(target_twin),
            }
    return golden


def pmf():
    """Two Adam steps on batches that touch every row, so that dense and touched-rows-only Adam agree."""
    users, items, k, lr, l2, l2_bias = 3, 4, 5, 0.01, 0.03, 0.007
    p, q = torch.rand(users, k) * 0.1, torch.rand(items, k) * 0.1
    bu, bi = torch.rand(users) * 0.02 - 0.01, torch.rand(items) * 0.02 - 0.01
    tensors = [p, q, bu, bi]
    golden = {"k": k, "lr": lr, "l2": l2, "l2_bias": l2_bias, "start": [x.flatten().tolist() for x in tensors]}
    for x in tensors:
        x.requires_grad_()
    adam = torch.optim.Adam(tensors, lr=lr)
    golden["batches"] = []
    for batch in range(2):
        u = torch.tensor([0, 1, 2, 2, 0])
        i = torch.tensor([0, 1, 2, 3, 1])
        r = torch.rand(5) * 2 - 1
        predicted = (p[u] * q[i]).sum(1) + bu[u] + bi[i]
        penalty = l2 * ((p[u] ** 2).sum(1) + (q[i] ** 2).sum(1)) + l2_bias * (bu[u] ** 2 + bi[i] ** 2)
        loss = ((predicted - r) ** 2 + penalty).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        golden["batches"].append({
            "users": u.tolist(), "items": i.tolist(), "rewards": r.tolist(),
            "squared_error": ((predicted - r) ** 2).sum().item(),
            "after": [x.detach().flatten().tolist() for x in tensors],
        })
    return golden


def replay():
    """One draw of proportional prioritised replay, plainly: the cumulative sum of all priorities, searched."""
    stored, count, alpha, beta = 50, 16, 0.6, 0.4
    generator = numpy.random.default_rng(7)
    td = generator.normal(size=stored).astype("float32")
    priorities = (numpy.abs(td).astype("float64") + 1e-5) ** alpha
    units = generator.random(count)
    masses = (numpy.arange(count) + units) / count * priorities.sum()
    slots = numpy.searchsorted(numpy.cumsum(priorities), masses, side="right")
    weights = (stored * priorities[slots] / priorities.sum()) ** -beta
    return {
        "alpha": alpha, "beta": beta, "td": td.tolist(), "units": units.tolist(), "slots": slots.tolist(),
        "weights": (weights / weights.max()).tolist(),
    }


here = pathlib.Path(__file__).parent
goldens = {
    "drr-ave": lambda: drr("ave"), "drr-p": lambda: drr("p"), "drr-u": lambda: drr("u"),
    "drr-n": lambda: drr("n"),
    "drr-options": lambda: drr("ave", action_size=K + 1, unit=True),
    "drr-departure": lambda: drr("ave", action_size=K + 1, base="pmf", reach=0.3, penalty=0.05),
    "drr-inverting": lambda: drr("ave", action_size=K + 1, unit=True, base="pmf", reach=0.5, bounding="inverting"),
    "pmf": pmf, "replay": replay,
    "drr-twin": lambda: drr("ave", twin=True),
}
for name, make in goldens.items():
    (here / f"{name}.json").write_text(json.dumps({"torch": torch.__version__, **make()}) + "\n")
