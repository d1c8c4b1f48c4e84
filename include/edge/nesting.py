"""How deeply the JSON of a request nests. A parser's own limit depends on how deep its caller is, so it is no limit."""

from __future__ import annotations


def depth(value: object) -> int:
    """How deeply lists and objects nest, level by level."""
    found, level = 0, [value]
    while level := [item for item in level if isinstance(item, (dict, list))]:
        found += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return found
