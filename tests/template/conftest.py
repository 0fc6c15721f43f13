"""Every test with a `stack` runs for deployments that together take every branch of the template."""

import pytest
from stack import stacks

STACKS = stacks()


@pytest.fixture(params=sorted(STACKS))
def stack(request):
    return STACKS[request.param]
