"""Every test of a `stack` runs over deployments that between them take every branch of the template."""

import pytest
from stack import stacks

STACKS = stacks()


@pytest.fixture(params=sorted(STACKS))
def stack(request):
    return STACKS[request.param]
