"""The named random streams that divide ratings: ChaCha8, keyed by SHA-256 of a seed and a name, many blocks at once."""

import hashlib
from typing import List

import numpy as np

# Blocks that are made together; each has eight numbers.
BLOCKS = 8192


class Stream:
    """64-bit numbers of a stream, one after another.

    >>> int(Stream(0, "init/actor").take(1)[0])
    6724252788614630563
    """

    def __init__(self, seed: int, name: str) -> None:
        key = hashlib.sha256(b"drr-lab stream\0" + seed.to_bytes(8, "little") + name.encode()).digest()
        words = np.frombuffer(b"expand 32-byte k" + key + bytes(16), "<u4").astype(np.uint32)
        self._start, self._block = words, 0
        self._left = np.zeros(0, np.uint64)

    def take(self, count: int) -> np.ndarray:
        """The next `count` numbers."""
        parts, missing = [self._left], count - len(self._left)
        while missing > 0:
            made = self._blocks(min(BLOCKS, missing // 8 + 1))
            parts.append(made)
            missing -= len(made)
        joined = np.concatenate(parts)
        self._left = joined[count:]
        return joined[:count]

    def _blocks(self, count: int) -> np.ndarray:
        start = np.repeat(self._start[:, None], count, axis=1)
        start[12] = np.arange(self._block, self._block + count, dtype=np.uint32)
        self._block += count
        a, b, c, d = (start[row : row + 4].copy() for row in (0, 4, 8, 12))
        for _ in range(4):
            _quarters(a, b, c, d)
            # Rows turned so that diagonals stand in columns, and back.
            b, c, d = np.roll(b, -1, 0), np.roll(c, -2, 0), np.roll(d, -3, 0)
            _quarters(a, b, c, d)
            b, c, d = np.roll(b, 1, 0), np.roll(c, 2, 0), np.roll(d, 3, 0)
        words = (np.concatenate([a, b, c, d]) + start).T.astype(np.uint64)
        return (words[:, 0::2] | words[:, 1::2] << np.uint64(32)).ravel()

    def below(self, bounds: np.ndarray) -> List[int]:
        """A number below each bound, without bias: the upper half of a product of 128 bits. Where the lower half falls into
        what cannot be shared out evenly another is drawn."""
        bits, bounds = self.take(len(bounds)), bounds.astype(np.uint64)
        half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
        # Bounds have 32 bits: of the four partial products two are left.
        below = (bits & low) * bounds
        above = (bits >> half) * bounds + (below >> half)
        rest = above << half | below & low
        again = np.flatnonzero(rest < (np.uint64(0) - bounds) % bounds)
        if not len(again):
            return (above >> half).tolist()  # type: ignore[no-any-return]
        # One draw in 2^64 / bound: that one is drawn again, and all after it move on by one.
        first = int(again[0])
        self._left = np.concatenate([bits[first + 1 :], self._left])
        return (above >> half)[:first].tolist() + self.below(bounds[first:])  # type: ignore[no-any-return]

    def shuffled(self, items: np.ndarray) -> np.ndarray:
        """The items in another order (Fisher and Yates, from the end)."""
        order = items.tolist()
        lasts = np.arange(len(order) - 1, 0, -1)
        for last, other in zip(lasts.tolist(), self.below(lasts + 1)):
            order[last], order[other] = order[other], order[last]
        return np.array(order, items.dtype)


def _quarters(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> None:
    """Four quarter rounds side by side, in place."""
    for one, two, turned, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        one += two
        turned ^= one
        turned[...] = turned << np.uint32(bits) | turned >> np.uint32(32 - bits)
