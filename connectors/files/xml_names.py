"""From an element tree of lxml to the texts wanted of it, for one record at a time."""

from typing import NamedTuple, TypeAlias

from lxml import etree

from connectors.files.nested import Layout, ShapeError
from connectors.files.paths import OWN_TEXT, Path, Step

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


class _Choice:
    """What to take of one of several elements with a name, which a step chooses."""

    def __init__(self) -> None:
        self.place = -1
        self.group: _Group | None = None


class _Group:
    """The names wanted in a group of elements, and where their texts go."""

    def __init__(self, *, is_item: bool = False) -> None:
        self.is_item = is_item
        self.leaves: dict[str, int] = {}
        self.groups: dict[str, _Group] = {}
        self.own: dict[str, int] = {}
        """Attributes and the text of the group's own element."""
        self.choices: dict[Step, _Choice] = {}
        self.only: tuple[str, _Group] | None = None
        """The tag and names of the item, if items are all that is wanted here."""
        self._plans: dict[tuple[str, ...], _Plan] = {}

    @property
    def is_flat(self) -> bool:
        """Whether nothing but texts of elements is wanted."""
        return not (self.groups or self.own or self.choices)

    def plan(self, tags: tuple[str, ...]) -> _Plan:
        """Return what to take of a group with these children, remembered from the last such."""
        plan = self._plans.get(tags)
        if plan is None:
            names = [local_name(tag) for tag in tags]
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
            group, last = self.below(path[:-1]), path[-1]
            if last.own:
                group.own[last.name.removeprefix("@")] = place
            elif last.chooses:
                group.choices.setdefault(last, _Choice()).place = place
            else:
                group.leaves[last.name] = place

    def below(self, path: Path) -> "_Group":
        """Return the group that a path leads to."""
        group = self
        for step in path:
            if step.chooses:
                choice = group.choices.setdefault(step, _Choice())
                choice.group = group = choice.group or _Group()
            else:
                group = group.groups.setdefault(step.name, _Group())
        return group


class RecordReader:
    """Takes the texts that a layout wants out of record elements; names are local."""

    def __init__(self, layout: Layout, field_chars: int) -> None:
        self._layout = layout
        self._field_chars = field_chars
        self._record = _Group()
        self._record.plant(layout.header)
        if layout.items:
            group, name = self._record.below(layout.items[:-1]), layout.items[-1].name
            group.groups[name] = item = _Group(is_item=True)
            item.plant(layout.item)
            if len(group.groups) == 1 and not (group.leaves or group.own or group.choices):
                group.only = (f"{{*}}{name}", item)

    def read(self, record: Element) -> tuple[Texts, list[Texts]]:
        """Return a record's header and each item's texts, in the order of the layout.

        Raises:
            ShapeError: a text holds elements, or is too long, or what should stand once stands
                twice.
        """
        header: Texts = [None] * len(self._layout.header)
        items: list[Texts] = []
        self._fill(record, self._record, header, items)
        for texts in (header, *items):
            if max(map(len, filter(None, texts)), default=0) > self._field_chars:
                raise ShapeError(f"a text of more than {self._field_chars:,} characters")
        return header, items

    def _fill(self, element: Element, group: _Group, values: Texts, items: list[Texts]) -> None:
        """Put the texts of a group in their places, and those of each item in a row of its own."""
        if group.only:
            tag, item = group.only
            items += [self._item(child, item) for child in element.iterchildren(tag)]
            return
        for name, place in group.own.items():
            values[place] = _text(element) if name == OWN_TEXT else attribute_of(element, name)
        if not (group.leaves or group.groups or group.choices):
            return
        children = list(element)
        plan = group.plan(tuple([child.tag for child in children]))
        for place, at in plan.leaves:
            child = children[at]
            values[place] = child.text
            if len(child):
                raise _not_text(child)
        for below, at in plan.groups:
            if below.is_item:
                items.append(self._item(children[at], below))
            else:
                self._fill(children[at], below, values, items)
        for step, choice in group.choices.items():
            if (chosen := _choose(children, step)) is not None:
                self._take(chosen, choice, values, items)

    def _take(self, element: Element, choice: _Choice, values: Texts, items: list[Texts]) -> None:
        if choice.group:
            self._fill(element, choice.group, values, items)
        if choice.place >= 0:
            values[choice.place] = _text(element)

    def _item(self, element: Element, group: _Group) -> Texts:
        """Return an item's texts: what `_fill` does, quicker for an item without groups."""
        if group.is_flat:
            texts = {child.tag: child.text for child in element if not len(child)}
            if len(texts) == len(element):
                order = group.plan(tuple(texts)).order
                if order is None:
                    return [*texts.values()]
                found = [*texts.values(), None]
                return [found[at] for at in order]
        values: Texts = [None] * len(self._layout.item)
        self._fill(element, group, values, [])
        return values


def _choose(children: list[Element], step: Step) -> Element | None:
    """Return the child that a step chooses, None if there is none such."""
    named = [child for child in children if local_name(child.tag) == step.name]
    if not step.key:
        return named[step.at - 1] if step.at <= len(named) else None
    if step.key.startswith("@"):
        name = step.key[1:]
        return next((one for one in named if attribute_of(one, name) == step.value), None)
    for one in named:
        for child in one:
            if local_name(child.tag) == step.key and _text(child) == step.value:
                return one
    return None


def attribute_of(element: Element, name: str) -> str | None:
    """Return an attribute by its local name; None if it is empty or not there."""
    value = element.get(name)
    if value is None:
        found = (tag for tag in element.keys() if local_name(str(tag)) == name)  # noqa: SIM118 - lxml
        tag = next(found, None)
        value = None if tag is None else element.get(tag)
    return value or None


def _text(element: Element) -> str | None:
    if len(element):
        raise _not_text(element)
    return element.text


def _not_text(element: Element) -> ShapeError:
    return ShapeError(f"{local_name(element.tag)}: expected a text, found elements")


def local_name(tag: str) -> str:
    """Return a name without its namespace."""
    return tag[tag.rfind("}") + 1 :]
