"""One project in each language for the whole run."""

import pytest
from writing import LANGUAGES, Project


@pytest.fixture(scope="session", params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture(scope="session")
def project(language, tmp_path_factory):
    return Project(tmp_path_factory.mktemp(language), language)
