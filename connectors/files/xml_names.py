"""From an element tree of lxml to the texts wanted of it, for one record at a time."""

from typing import NamedTuple, TypeAlias

from lxml import etree

from connectors.files.nested import Layout, Path, ShapeError

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml's only name for it
Texts: TypeAlias = list[str | None]

# Plans are remembered for groups of so many children, and so many of them.
_SHORT, _PLANS = 200, 2_000


class _Plan(NamedTuple):
    """What to take of a group whose children have certain tags."""

    leaves: list[tuple[int, int]]
    """Places among the values, and at which child."""
    groups: list[tuple["_Group", int]]
    """Groups to go into, and at which child."""
    order: list[int] | None
    """Each place's child, the one behind the last if there is none; None: just as they stand."""


class _Group:
    """The names wanted in a group of elements, and where their texts go."""

    def __init__(self, *, is_item: bool = False) -> None:
        self.is_item = is_item
        self.leaves: dict[str, int] = {}
        self.groups: dict[str, _Group] = {}
        self.only: tuple[str, _Group] | None = None
        """The tag and names of the item, if items are all that is wanted here."""
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def plan(self, tags: tuple[str, ...]) -> _Plan:
        """Return what to take of a group with these children, remembered from the last such."""
        plan = self._plans.get(tags)
        if plan is None:
            names = [_local(tag) for tag in tags]
            for name in (*self.leaves, *self.groups):
                if names.count(name) > 1 and not (
                    name in self.groups and self.groups[name].is_item
                ):
                    raise ShapeError(f"{name}: stands twice")
            order = [names.index(n) if n in names else len(names) for n in self.leaves]
            plan = _Plan(
                [(self.leaves[n], at) for at, n in enumerate(names) if n in self.leaves],
                [(self.groups[n], at) for at, n in enumerate(names) if n in self.groups],
                order if order != list(range(len(tags))) else None,
            )
            if len(tags) < _SHORT and len(self._plans) < _PLANS:
                self._plans[tags] = plan
        return plan

    def plant(self, paths: dict[str, Path]) -> None:
        """Give each path's text the place it has among the paths."""
        for place, path in enumerate(paths.values()):
            self.below(path[:-1]).leaves[path[-1]] = place

    def below(self, path: Path) -> "_Group":
        """Return the group that a path leads to."""
        group = self
        for name in path:
            group = group.groups.setdefault(name, _Group())
        return group


class RecordReader:
    """Takes the texts that a layout wants out of record elements; names are local."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._record = _Group()
        self._record.plant(layout.header)
        if layout.items:
            group, name = self._record.below(layout.items[:-1]), layout.items[-1]
            group.groups[name] = item = _Group(is_item=True)
            item.plant(layout.item)
            if len(group.groups) == 1 and not group.leaves:
                group.only = (f"{{*}}{name}", item)

    def read(self, record: Element) -> tuple[Texts, list[Texts]]:
        """Return a record's header and each item's texts, in the order of the layout.

        Raises:
            ShapeError: a text holds elements, or what should stand once stands twice.
        """
        header: Texts = [None] * len(self._layout.header)
        items: list[Texts] = []
        self._fill(record, self._record, header, items)
        return header, items

    def _fill(self, element: Element, group: _Group, values: Texts, items: list[Texts]) -> None:
        """Put the texts of a group in their places, and those of each item in a row of its own."""
        if group.only:
            tag, item = group.only
            items += [self._item(child, item) for child in element.iterchildren(tag)]
            return
        children = list(element)
        plan = group.plan(tuple([child.tag for child in children]))
        for place, at in plan.leaves:
            child = children[at]
            values[place] = child.text
            if len(child):
                raise ShapeError(f"{_local(child.tag)}: expected a text, found elements")
        for below, at in plan.groups:
            if below.is_item:
                items.append(self._item(children[at], below))
            else:
                self._fill(children[at], below, values, items)

    def _item(self, element: Element, group: _Group) -> Texts:
        """Return an item's texts: what `_fill` does, quicker for an item without groups."""
        texts = {child.tag: child.text for child in element if not len(child)}
        if len(texts) == len(element) and not group.groups:
            order = group.plan(tuple(texts)).order
            if order is None:
                return [*texts.values()]
            found = [*texts.values(), None]
            return [found[at] for at in order]
        values: Texts = [None] * len(self._layout.item)
        self._fill(element, group, values, [])
        return values


def _local(tag: str) -> str:
    return tag[tag.rfind("}") + 1 :]
