"""Rebuilds a split from nothing but its rule and its seed, and compares it with what drr-lab wrote.

    drr-lab data split ml-100k --kind temporal --seed 0 --test 0.2 --out ml-100k-split
    python3 rebuild_split.py ml-100k-split temporal 0 0.2

The ratings are sorted by user, item and time, ids that are whole numbers by value. Their numbers 0, 1, 2, ... are
shuffled (Fisher and Yates, from the end); the first share of them, rounded, is the test part of a random split. The random
numbers are ChaCha8 (D. J. Bernstein) with the key SHA-256("drr-lab stream\\0", seed in 8 bytes, "split"), counter and
nonce 0. Of equally late ratings the one is later that the same shuffle by "split/ties" puts later. The last argument is the
share, of leave-last the number, and of folds the fold and how many there are, as in 2/5.
"""

import csv
import hashlib
import struct
import sys


def numbers(seed, name):
    """64-bit random numbers of a named stream."""
    key = hashlib.sha256(b"drr-lab stream\0" + struct.pack("<Q", seed) + name.encode()).digest()
    start = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key)) + [0, 0, 0, 0]
    quarters = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)]
    quarters += [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]
    for block in range(1 << 32):
        start[12] = block
        x = start[:]
        for a, b, c, d in quarters * 4:  # 8 rounds
            for left, right, other, turn in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
                x[left] = x[left] + x[right] & 0xFFFFFFFF
                mixed = x[other] ^ x[left]
                x[other] = (mixed << turn | mixed >> 32 - turn) & 0xFFFFFFFF
        words = [(one + two) & 0xFFFFFFFF for one, two in zip(x, start)]
        for low, high in zip(words[::2], words[1::2]):
            yield high << 32 | low


def below(stream, bound):
    """A whole number from 0 up to, and without, the bound (Lemire 2019)."""
    wide = next(stream) * bound
    if wide % 2**64 < bound:
        while wide % 2**64 < (2**64 - bound) % bound:
            wide = next(stream) * bound
    return wide >> 64


def identity(text):
    """Ids that are whole numbers by value and before words, words by their bytes."""
    plain = text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
    return (0, int(text), b"") if plain else (1, 0, text.encode())


def shuffled(rows, stream):
    order = list(rows)
    for last in range(len(order) - 1, 0, -1):
        other = below(stream, last + 1)
        order[last], order[other] = order[other], order[last]
    return order


def held_out(rows, kind, seed, number):
    """The numbers of the test part's ratings."""
    stream, all_rows = numbers(seed, "split"), range(len(rows))
    later = {row: place for place, row in enumerate(shuffled(all_rows, numbers(seed, "split/ties")))}
    share = lambda own: int(len(own) * float(number) + 0.5)
    latest = lambda own, count: sorted(own, key=lambda row: (int(rows[row]["timestamp"]), later[row]))[len(own) - count :]
    users = {}
    for row in all_rows:
        users.setdefault(rows[row]["user"], []).append(row)
    if kind == "random":
        return shuffled(all_rows, stream)[: share(all_rows)]
    if kind == "folds":
        fold, folds = map(int, number.split("/"))
        return shuffled(all_rows, stream)[len(rows) * fold // folds : len(rows) * (fold + 1) // folds]
    if kind == "by-user":
        return [row for own in users.values() for row in shuffled(own, stream)[: share(own)]]
    if kind == "temporal":
        return [row for own in users.values() for row in latest(own, share(own))]
    if kind == "time":
        return latest(all_rows, share(all_rows))
    return [row for own in users.values() if len(own) > int(number) for row in latest(own, int(number))]


def main(folder, kind, seed, number):
    rows = [row for part in ("train", "test") for row in csv.DictReader(open(f"{folder}/{part}.csv", newline=""))]
    rows.sort(key=lambda row: (identity(row["user"]), identity(row["item"]), int(row["timestamp"])))
    bits = bytearray((len(rows) + 7) // 8)
    for row in held_out(rows, kind, int(seed), number):
        bits[row // 8] |= 1 << row % 8
    if bytes(bits) != open(f"{folder}/test.bits", "rb").read():
        sys.exit("the split is another one")
    print(f"the same {sum(map(int.bit_count, bits))} of {len(rows)} ratings")


main(*sys.argv[1:])
