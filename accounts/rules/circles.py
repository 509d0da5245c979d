"""Which forwards send mail round in a circle. Without the database: `accounts.rules.forwards` reads the graph."""

from collections.abc import Collection, Mapping

Graph = Mapping[str, Collection[str]]  # source address -> the addresses it passes mail on to, keeping no copy


def lookup_addresses(address: str) -> set[str]:
    """Return the addresses that Postfix looks up for an address: jan+praca@ and jan@ for jan+praca@."""
    local_part, at, domain = address.partition("@")
    return {address, local_part.partition("+")[0] + at + domain}


def looping_sources(graph: Graph) -> set[str]:
    """Return the sources that lie on a circle of forwards of which none keeps a copy.

    Postfix follows such a circle until it gives up with a temporary error, and the sender's server retries for days. A
    forward that keeps a copy ends a circle, so it must not be in `graph`.

    Kosaraju's algorithm, in linear time: sources that can all reach each other form a group (a strongly connected
    component). A source lies on a circle when its group has other members, or when it passes mail on to itself.
    """
    onward = {source: [address for address in passed_on if address in graph] for source, passed_on in graph.items()}
    backward: dict[str, list[str]] = {source: [] for source in graph}
    for source, passed_on in onward.items():
        for address in passed_on:
            backward[address].append(source)
    looping = {source for source, passed_on in onward.items() if source in passed_on}
    grouped: set[str] = set()
    for source in reversed(_post_order(graph, onward, set())):
        group = _post_order([source], backward, grouped)
        if len(group) > 1:
            looping.update(group)
    return looping


def _post_order(starts: Collection[str], edges: Graph, seen: set[str]) -> list[str]:
    """Return what can be reached from `starts` and is not in `seen`, in depth-first post-order; add it to `seen`.

    Not recursive: a chain may be longer than Python's limit of recursion.
    """
    order: list[str] = []
    for start in starts:
        stack = [(start, False)]
        while stack:
            source, is_done = stack.pop()
            if is_done:
                order.append(source)
            elif source not in seen:
                seen.add(source)
                stack.append((source, True))
                stack.extend((address, False) for address in edges[source])
    return order
