"""Circles of forwards, against the plain definition: a source that comes back to itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.circles import looping_sources


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({}, ""),
        ({"a": "b"}, ""),
        ({"a": "b", "b": "c", "c": "x"}, ""),
        ({"a": ""}, ""),
        ({"a": "a"}, "a"),
        ({"a": "ab", "b": ""}, "a"),
        ({"a": "b", "b": "a"}, "ab"),
        ({"a": "bx", "b": "cx", "c": "a"}, "abc"),
        ({"a": "b", "b": "c", "c": "b"}, "bc"),  # a leads into a circle and is not on it
        ({"a": "b", "b": "ac", "c": "d", "d": "e", "e": "d"}, "abde"),  # c lies between two circles
        ({"a": "bc", "b": "a", "c": "a"}, "abc"),
        ({"a": "b", "b": "a", "c": "d", "d": "c", "e": "ac"}, "abcd"),
        ({"a": "bc", "b": "d", "c": "d", "d": "x"}, ""),  # two ways to the same place are no circle
    ],
)
def test_the_sources_on_a_circle_are_found(graph: dict[str, str], expected: str) -> None:
    assert looping_sources(graph) == set(expected)


def comes_back(graph: dict[str, list[str]], source: str) -> bool:
    """Tell whether a message to `source` would be passed on to it again: the definition, without any cleverness."""
    reached: set[str] = set()
    for _step in graph:
        onward = {address for place in reached | {source} for address in graph.get(place, [])}
        reached |= onward
    return source in reached


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefghxy"), max_size=3)))
def test_exactly_those_are_found_that_come_back_to_themselves(graph: dict[str, list[str]]) -> None:
    assert looping_sources(graph) == {source for source in graph if comes_back(graph, source)}


def test_a_long_chain_needs_no_deep_recursion() -> None:
    chain = {str(number): [str(number + 1)] for number in range(20_000)}
    assert looping_sources(chain) == set()
    assert len(looping_sources({**chain, "20000": ["0"]})) == 20_001


def test_many_circles_one_after_the_other_take_no_time_to_speak_of() -> None:
    """500 forwards of 50 destinations each: with one search for every source this would take seconds."""
    graph = {number: [number ^ 1, *range(number + 2, min(number + 51, 500))] for number in range(500)}
    named = {str(source): [str(address) for address in onward] for source, onward in graph.items()}
    assert looping_sources(named) == named.keys()
