"""Which forwards send mail round in a circle. Pure: the graph comes from `Forward.objects.graph_from`."""

from collections.abc import Collection, Mapping

Graph = Mapping[str, Collection[str]]  # source address -> the addresses it passes mail on to, keeping no copy


def looping_sources(graph: Graph) -> set[str]:
    """Return the sources that lie on a circle of forwards of which none keeps a copy.

    Postfix expands such a circle until it gives up with a temporary error, and the sender tries for days. A forward
    that keeps a copy ends a circle, so it must not be in `graph`.

    What cannot lie on a circle (nothing leads on from it, or nothing leads to it) is taken away until nothing changes.
    """
    remaining = {source: {d for d in destinations if d in graph} for source, destinations in graph.items()}
    while True:
        reached = set().union(*remaining.values())
        loose = {source for source, onward in remaining.items() if not onward or source not in reached}
        if not loose:
            return set(remaining)
        remaining = {source: onward - loose for source, onward in remaining.items() if source not in loose}
