"""JSON without an array of records: objects under keys, one behind the other, or one alone."""

from collections.abc import Sequence

from pipelines.guessing.synonyms import knows_name
from pipelines.guessing.trees import Node

ALIKE, LEAST = 0.5, 3
LONE = 5
"""An array of no more records may be a list inside the one record that a file holds."""


def judge_objects(
    roots: Sequence[Node], keyed: Sequence[Node], *, records: int
) -> tuple[Sequence[Node], str]:
    """Tell whether a document's own objects are its records, and ask for what can be read.

    Args:
        roots: the objects that stand alone or one behind the other.
        keyed: the objects that are values of the first of them.
        records: how many objects the best array holds.

    Returns:
        The records and the question; nothing of either where the arrays are what they seem.
    """
    hint = "a feed cannot read those by itself: ask for an array of them, or for NDJSON"
    if len(roots) > 1:
        return roots, f"the file is {len(roots)} objects one behind the other; {hint}"
    if len(keyed) >= LEAST and _are_alike(keyed):
        return keyed, f"the file is an object of {len(keyed)} alike objects; {hint}"
    known = [name for root in roots for name in root.texts if knows_name(name)]
    if len(known) >= LEAST and records <= LONE:
        names = ", ".join(f"`{name}`" for name in known[:LEAST])
        return roots, f"the file is one object with {names}, not an array; {hint}"
    return (), ""


def _are_alike(nodes: Sequence[Node]) -> bool:
    names = [{*node.texts, *node.parts, *node.many} for node in nodes]
    common, every = set.intersection(*names), set.union(*names)
    return len(common) >= max(2, ALIKE * len(every))
