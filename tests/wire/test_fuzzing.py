"""The corpus is replayed, and a few fresh mutations are tried each time; `tests/wire/fuzzing.py` tries many more."""

from __future__ import annotations

import random

import pytest

from tests.wire.fuzzing import CORPUS, mutated, seeds, verify


@pytest.mark.parametrize("name", sorted(path.name for path in CORPUS.iterdir()))
def test_the_corpus_holds(name: str) -> None:
    data = (CORPUS / name).read_bytes()
    verify(data, range(0, len(data), 7))
    verify(data, range(len(data)))


def test_fresh_mutations_hold() -> None:
    chance, population = random.Random(20261122), seeds()
    for _ in range(150):
        data = mutated(chance.choice(population), chance.choice(population), chance)
        verify(data, [chance.randrange(len(data) + 1) for _ in range(5)])
