"""The page's rules for answers, and its vectors, hold together: a reader written from the page finds what they say."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader import outcomes
from support import BATCH, vectors

SHARED = vectors("answers")


def read(case: Any, body: bytes) -> Any:
    return outcomes(SHARED["indexes"], SHARED["batch"], case, body, SHARED["outputBytes"])


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: case["name"])
def test_an_answer_means_what_the_page_says(case: Any) -> None:
    body = base64.b64decode(case["bodyBase64"]) if "bodyBase64" in case else case["body"].encode()
    assert read(case, body) == {int(index): outcome for index, outcome in case["outcomes"].items()}


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        ('[ "é" , 1.10 ]', '[ "é" , 1.10 ]'),
        ('[ "\\u00e9\\n" ,  1.10 ]', '["é\\n",1.10]'),
        ('[ "é   " ,  1.1000 ]', None),
    ],
)
def test_an_output_that_is_too_large_is_kept_in_its_shortest_form(output: str, kept: Any) -> None:
    body = f'{{"batch":"{SHARED["batch"]}","results":[{{"index":17,"output":{output}}}]}}'.encode()
    found = outcomes([17], SHARED["batch"], GOOD, body, output_bytes=15)
    assert found == {17: {"output": kept} if kept else {"omitted": True}}


PIECES = ['"index"', '"output"', '"error"', '"kind"', '"permanent"', "17", "18", "19", "20", "null", "1", '"x"', "{", "}", "[", "]", ",", ":"]
GOOD = {"status": 200, "headers": {"content-type": "application/json"}}
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "index": st.sampled_from([17, 18, 19, 20, -1, "17", 17.0, None]),
        "output": st.sampled_from([None, 1, "x"]),
        "outputOmitted": st.sampled_from([None, True, False, 1]),
        "error": st.sampled_from([None, {"kind": "permanent"}, {"kind": "throttled"}, {}, 1]),
    },
)


@given(st.lists(ENTRY, max_size=6))
def test_a_result_is_never_taken_for_another_item(entries: list[Any]) -> None:
    body = json.dumps({"batch": BATCH, "results": entries}).encode()
    for index, outcome in read(GOOD, body).items():
        own = [entry for entry in entries if type(entry.get("index")) is int and entry["index"] == index]
        if "noResult" not in outcome:
            assert len(own) == 1
            assert outcome.get("output") == (None if own[0].get("output") is None else json.dumps(own[0]["output"]))


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_no_answer_breaks_the_reader(pieces: list[str]) -> None:
    for text in ["".join(pieces), f'{{"batch":"{BATCH}","results":[{"".join(pieces)}]}}']:
        assert sorted(read(GOOD, text.encode())) == SHARED["indexes"]


@given(st.integers(0, 400))
def test_what_is_cut_off_has_no_result(end: int) -> None:
    """Even where the beginning would parse, no prefix of an answer is an answer."""
    body = json.dumps({"batch": BATCH, "results": [{"index": index, "output": 1} for index in SHARED["indexes"]]}).encode()
    assert end >= len(body) or all(outcome == {"noResult": "invalid-answer"} for outcome in read(GOOD, body[:end]).values())
