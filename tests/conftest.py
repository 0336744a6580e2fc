"""What holds for every test."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread() -> Iterator[None]:
    """As the studies run: OpenBLAS' idle threads would spin on the cores that TensorFlow needs."""
    with threadpool_limits(1, user_api="blas"):
        yield
