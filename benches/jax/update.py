"""The same networks' update in JAX, jitted as a whole: optax Adam, donated buffers, one thread. No environment and no
replay: the fastest thing one would pick instead of drr-lab's trainer.

    XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" taskset -c 0 python update.py --seconds 10
"""

import argparse
import json
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

K, N_HISTORY, BATCH = 100, 5, 64
GAMMA, TAU, ACTOR_LR, CRITIC_LR = 0.9, 0.001, 5e-4, 1e-3
SIZE = 3 * K


def layer(key, inputs, outputs):
    return {"w": jax.nn.initializers.orthogonal()(key, (inputs, outputs)), "b": jnp.zeros(outputs)}


def apply(parameters, x):
    return x @ parameters["w"] + parameters["b"]


def init(key):
    keys = jax.random.split(key, 7)
    actor = {
        "layers": [layer(keys[0], SIZE, SIZE), layer(keys[1], SIZE, SIZE), layer(keys[2], SIZE, K)],
        "state": jnp.full(N_HISTORY, 1 / N_HISTORY),
    }
    joined = K + SIZE
    critic = [
        layer(keys[3], SIZE, SIZE), layer(keys[4], joined, joined), layer(keys[5], joined, joined),
        layer(keys[6], joined, 1),
    ]
    return actor, critic


def state(w, p, items):
    g = jnp.einsum("n,bnk->bk", w, items)
    return jnp.concatenate([p, p * g, g], 1)


def act(layers, s):
    x = jax.nn.relu(apply(layers[0], s))
    x = jax.nn.relu(apply(layers[1], x))
    return jnp.tanh(apply(layers[2], x))


def value(layers, s, a):
    h = jax.nn.relu(apply(layers[0], s))
    x = jax.nn.relu(apply(layers[1], jnp.concatenate([a, h], 1)))
    x = jax.nn.relu(apply(layers[2], x))
    return apply(layers[3], x)[:, 0]


actor_optimizer = optax.adam(ACTOR_LR)
critic_optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(CRITIC_LR))


@partial(jax.jit, donate_argnums=0)
def update(train, batch):
    actor, critic, target_actor, target_critic, actor_moments, critic_moments = train
    p, before, after, action, reward, weight = batch
    s, s_next = state(actor["state"], p, before), state(actor["state"], p, after)
    y = reward + GAMMA * value(target_critic, s_next, act(target_actor["layers"], s_next))

    def critic_loss(critic):
        td = y - value(critic, s, action)
        return (weight * td**2).mean(), td

    gradient, td = jax.grad(critic_loss, has_aux=True)(critic)
    change, critic_moments = critic_optimizer.update(gradient, critic_moments)
    critic = optax.apply_updates(critic, change)

    def actor_loss(actor):
        s = state(actor["state"], p, before)
        return -value(critic, jax.lax.stop_gradient(s), act(actor["layers"], s)).mean()

    change, actor_moments = actor_optimizer.update(jax.grad(actor_loss)(actor), actor_moments)
    actor = optax.apply_updates(actor, change)
    soft = lambda new, old: TAU * new + (1 - TAU) * old
    target_actor = jax.tree.map(soft, actor, target_actor)
    target_critic = jax.tree.map(soft, critic, target_critic)
    return (actor, critic, target_actor, target_critic, actor_moments, critic_moments), td


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    seconds = parser.parse_args().seconds
    actor, critic = init(jax.random.key(0))
    copy = lambda tree: jax.tree.map(jnp.copy, tree)
    train = (actor, critic, copy(actor), copy(critic), actor_optimizer.init(actor), critic_optimizer.init(critic))
    random = np.random.default_rng(0)
    normal = lambda *shape: random.standard_normal(shape, dtype=np.float32)
    batch = (
        normal(BATCH, K), normal(BATCH, N_HISTORY, K), normal(BATCH, N_HISTORY, K), normal(BATCH, K), normal(BATCH),
        np.abs(normal(BATCH)),
    )
    for _ in range(5):
        train, td = update(train, batch)
    td.block_until_ready()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        train, td = update(train, batch)
        np.asarray(td)  # the priorities are needed on the host
        done += 1
    print(json.dumps({"updates_per_second": done / (time.perf_counter() - start)}))
