"""The examples in the docstrings of prices and statements are run, so that they stay true."""

import doctest
from types import ModuleType

import pytest

from gateway.domain import money, statements, tariffs

EXAMPLES: dict[ModuleType, int] = {money: 4, tariffs: 7, statements: 1}
"""At least so many lines of examples stand in each."""


@pytest.mark.parametrize("module", EXAMPLES, ids=lambda module: module.__name__)
def test_examples(module: ModuleType) -> None:
    failed, tried = doctest.testmod(module)
    assert failed == 0
    assert tried >= EXAMPLES[module]
