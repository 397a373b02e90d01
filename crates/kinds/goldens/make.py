"""Makes the goldens of ease, pure-svd, ials and svdpp: a small table of ratings, and what NumPy and Surprise make of it.

    python crates/kinds/goldens/make.py

Needs numpy and scikit-surprise; with `implicit` the factors of ials are compared with it as well. Their versions are written
beside the numbers.
"""

import json
import pathlib

import numpy as np
import surprise

HERE = pathlib.Path(__file__).parent
USERS, ITEMS = 20, 12


def plain(value):
    """Arrays as lists, numbers with 12 digits."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, (np.ndarray, list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.12g}")
    return int(value) if isinstance(value, np.integer) else value


def write(name, content):
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(plain(part))}" for key, part in content.items())
    (HERE / f"{name}.json").write_text("{\n" + lines + "\n}\n")


def ratings():
    """(user, item, stars), by user and item; everybody and everything is rated."""
    draw = np.random.default_rng(1)
    rated = draw.random((USERS, ITEMS)) < 0.4
    rated[np.arange(USERS), np.arange(USERS) % ITEMS] = True
    stars = draw.integers(1, 6, (USERS, ITEMS))
    return [(int(u), int(i), int(stars[u, i])) for u, i in zip(*np.nonzero(rated))]


def matrix(rows, values):
    x = np.zeros((USERS, ITEMS))
    for user, item, stars in rows:
        x[user, item] = {"ones": 1, "positive": stars > 3, "stars": stars}[values]
    return x


def ease(rows):
    def case(values, l2):
        x = matrix(rows, values)
        p = np.linalg.inv(x.T @ x + l2 * np.eye(ITEMS))
        b = p / -np.diag(p)
        np.fill_diagonal(b, 0)
        explained = 1 - np.sum((x - x @ b) ** 2) / np.sum(x**2)
        return {"values": values, "l2": l2, "scores": x @ b, "explained": explained}

    write("ease", {"numpy": np.__version__, "cases": [case("ones", 20.0), case("positive", 0.5), case("stars", 3.0)]})


def pure_svd(rows):
    def case(values, factors):
        x = matrix(rows, values)
        u, s, vt = np.linalg.svd(x)
        v = vt[:factors].T
        return {"values": values, "factors": factors, "singular": s[:factors], "scores": x @ v @ v.T}

    write("pure_svd", {"numpy": np.__version__, "cases": [case("ones", 4), case("positive", 3), case("stars", 5)]})


def ials(rows):
    def case(values, factors, l2, alpha, epochs):
        x = matrix(rows, values)
        start = np.random.default_rng(2).normal(0, 0.1, (ITEMS, factors))
        confidence, preference = 1 + alpha * x, (x > 0).astype(float)

        def solved(y, c, p):
            a = [y.T @ np.diag(c) @ y + l2 * np.eye(factors) for c in c]
            return np.array([np.linalg.solve(a, y.T @ (c * p)) for a, c, p in zip(a, c, p)])

        items = start
        for _ in range(epochs):
            users = solved(items, confidence, preference)
            items = solved(users, confidence.T, preference.T)
        loss = np.sum(confidence * (preference - users @ items.T) ** 2) + l2 * (np.sum(users**2) + np.sum(items**2))
        compare_with_implicit(x, start, (factors, l2, alpha, epochs), (users, items))
        return {
            "values": values, "factors": factors, "l2": l2, "alpha": alpha, "epochs": epochs,
            "start": start, "users": users, "items": items, "loss": loss / np.count_nonzero(x),
        }

    cases = [case("ones", 4, 0.1, 40.0, 3), case("positive", 3, 1.5, 2.0, 5), case("stars", 3, 5.0, 1.0, 2)]
    write("ials", {"numpy": np.__version__, "cases": cases})


def compare_with_implicit(x, start, settings, found):
    try:
        import scipy.sparse
        from implicit.cpu.als import AlternatingLeastSquares
    except ImportError:
        print("ials: without `implicit` there is no second opinion")
        return
    factors, l2, alpha, epochs = settings
    model = AlternatingLeastSquares(
        factors=factors, regularization=l2, alpha=1.0, dtype=np.float64, use_cg=False, iterations=epochs, num_threads=1
    )
    model.item_factors, model.user_factors = start.copy(), np.zeros((USERS, factors))
    # It takes the confidence itself, and that of what is not rated is 1.
    model.fit(scipy.sparse.csr_matrix(np.where(x > 0, 1 + alpha * x, 0)), show_progress=False)
    for own, theirs in zip(found, (model.user_factors, model.item_factors)):
        assert np.allclose(own, theirs, atol=1e-9), np.abs(own - theirs).max()
    print("ials: as implicit has it")


def svdpp(rows):
    settings = {"factors": 4, "epochs": 3, "lr": 0.02, "l2": 0.05, "init_std": 0.3}
    table = surprise.Dataset(surprise.Reader(rating_scale=(1, 5)))
    train = table.construct_trainset([(user, item, float(stars), None) for user, item, stars in rows])
    assert [train.to_raw_uid(u) for u in range(USERS)] == list(range(USERS))
    place = [train.to_inner_iid(item) for item in range(ITEMS)]
    model = surprise.SVDpp(
        n_factors=settings["factors"], n_epochs=settings["epochs"], lr_all=settings["lr"], reg_all=settings["l2"],
        init_std_dev=settings["init_std"], random_state=3,
    )
    # What its first lines draw.
    draw = np.random.RandomState(3)
    p, q, y = (draw.normal(0, settings["init_std"], (rows, settings["factors"])) for rows in (USERS, ITEMS, ITEMS))
    model.fit(train)
    order = [(train.to_raw_uid(u), train.to_raw_iid(i)) for u, i, _ in train.all_ratings()]
    assert order == [(u, i) for u, i, _ in rows], "Surprise visits ratings by user, as they come"
    predictions = [[model.predict(u, i, clip=False).est for i in range(ITEMS)] for u in range(USERS)]
    write("svdpp", {
        "surprise": surprise.__version__, "settings": settings,
        "start": {"p": p, "q": q[place], "y": y[place]},
        "user_bias": model.bu, "item_bias": model.bi[place],
        "p": model.pu, "q": model.qi[place], "y": model.yj[place], "predictions": predictions,
    })


if __name__ == "__main__":
    rows = ratings()
    write("ratings", {"users": USERS, "items": ITEMS, "rows": rows})
    ease(rows)
    pure_svd(rows)
    ials(rows)
    svdpp(rows)
