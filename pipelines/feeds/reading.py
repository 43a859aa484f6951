"""Reading a feed's YAML; a mistake is told with its file, its line and the words allowed."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipelines import ROOT
from pipelines.feeds.explaining import explain, find_line, named, repeats, unknown
from pipelines.feeds.export import ExportFeed
from pipelines.feeds.mapping_file import MappingFileError, add_mapping_file
from pipelines.feeds.words import LoadFeed

COMPONENTS: dict[str, type[LoadFeed | ExportFeed]] = {
    "pipelines.components.LoadFeedComponent": LoadFeed,
    "pipelines.components.ExportFeedComponent": ExportFeed,
}
TOP_WORDS = ("type", "attributes")
NIGHTLY = "nightly"
Block = TypeVar("Block", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """YAML 1.2: `NO` is Norway, `yes` and `on` are texts, only true and false are truths."""

    yaml_implicit_resolvers = {
        first: [(tag, found) for tag, found in resolvers if not tag.endswith(":bool")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


class FeedError(Exception):
    """A feed that does not exist or whose YAML is wrong. The message is one line.

    Attributes:
        file: the YAML file, or the folder of feeds.
        line: the line at fault, 0 where there is none.
    """

    def __init__(self, message: str, file: Path, line: int = 0) -> None:
        self.file, self.line = file, line
        place = f"{_relative(file)}:{line}" if line else str(_relative(file))
        super().__init__(f"{place}: {message}")


def feeds_dir() -> Path:
    """The folder whose subfolders are the feeds."""
    return ROOT / "pipelines" / "defs"


def list_feeds() -> list[str]:
    """Name all feeds, in order."""
    return sorted(path.parent.name for path in feeds_dir().glob("*/defs.yaml"))


def read_feed(name: str) -> LoadFeed | ExportFeed:
    """Read the feed of this name.

    Raises:
        FeedError: there is no such feed, or its YAML is wrong.
    """
    if name not in list_feeds():
        raise FeedError(_no_feed(name), feeds_dir())
    return read_yaml(feeds_dir() / name / "defs.yaml")


def find_feed(word: str) -> tuple[str, LoadFeed | ExportFeed]:
    """Find a feed by its name, or by the path of its folder or of its YAML file.

    Returns:
        The feed's name, which is its folder's, and the feed.

    Raises:
        FeedError: there is no such feed, or its YAML is wrong.
    """
    if "/" not in word:
        return word, read_feed(word)
    path = Path(word).resolve()
    file = path / "defs.yaml" if path.is_dir() else path
    return file.parent.name, read_yaml(file)


def refuse_name(name: str) -> str:
    """Say what is wrong with the name of a feed's folder; empty where nothing is."""
    if re.fullmatch(r"[A-Za-z0-9_]+", name) and name != NIGHTLY:
        return ""
    return f"name the feed's folder with letters, digits and _, and not {NIGHTLY}"


def read_yaml(file: Path) -> LoadFeed | ExportFeed:
    """Read one feed's YAML file.

    Raises:
        FeedError: it cannot be read, a word is wrong, or its folder's name is no feed's name.
    """
    if wrong := refuse_name(file.parent.name):
        raise FeedError(wrong, file.parent)
    node, words = _parse(file)
    if not isinstance(words, dict) or not isinstance(node, yaml.MappingNode):
        raise FeedError(f"needs the words {' and '.join(TOP_WORDS)}", file, 1)
    for word in words:
        if word not in TOP_WORDS:
            raise FeedError(unknown(word, TOP_WORDS), file, find_line(node, [word]))
    kind = words.get("type")
    if not isinstance(kind, str) or kind not in COMPONENTS:
        allowed = ", ".join(COMPONENTS)
        raise FeedError(f"`type` must be one of {allowed}", file, find_line(node, ["type"]))
    _refuse_repeats(node, file)
    feed = _validate(COMPONENTS[kind], words.get("attributes") or {}, node, file)
    for number, other in enumerate(feed.after):
        if other not in list_feeds():
            line = find_line(node, ["attributes", "after", str(number)])
            raise FeedError(f"`after`: {_no_feed(other)}", file, line)
    if isinstance(feed, ExportFeed):
        _check_over(feed, node, file)
    return feed


def _check_over(feed: ExportFeed, node: yaml.Node, file: Path) -> None:
    """Refuse an export that asks about the rows of a feed which is no export, or itself."""
    name = feed.read.over.export if feed.read and feed.read.over else None
    if name is None:
        return
    line = find_line(node, ["attributes", "read", "over", "export"])
    if name not in list_feeds():
        raise FeedError(f"`read.over.export`: {_no_feed(name)}", file, line)
    if file == feeds_dir() / name / "defs.yaml":
        raise FeedError("`read.over.export`: a feed cannot ask about its own rows", file, line)
    _, words = _parse(feeds_dir() / name / "defs.yaml")
    kind = words.get("type") if isinstance(words, dict) else None
    if COMPONENTS.get(str(kind)) is LoadFeed:
        raise FeedError(f"`read.over.export`: {name} is a load, not an export", file, line)


def read_block(file: Path, model: type[Block]) -> Block:
    """Read a YAML file that is one block of words, such as the plan of a migration.

    Raises:
        FeedError: it cannot be read, or a word is wrong.
    """
    node, words = _parse(file)
    if not isinstance(words, dict) or not isinstance(node, yaml.MappingNode):
        raise FeedError(f"needs the words {', '.join(model.model_fields)}", file, 1)
    _refuse_repeats(node, file)
    try:
        return model.model_validate(words, context={"folder": file.parent})
    except ValidationError as error:
        raise _fault(error, model, node, file) from None


def line_in(file: Path, place: Sequence[str]) -> int:
    """Find the line of a place in a YAML file that has been read."""
    node, _ = _parse(file)
    return find_line(node, place) if node is not None else 0


def _refuse_repeats(node: yaml.Node, file: Path) -> None:
    try:
        repeated = next(repeats(node), None)
    except RecursionError:
        raise FeedError("not YAML for a feed: a block holds itself", file) from None
    if repeated:
        raise FeedError(f"`{repeated.value}` stands twice", file, repeated.start_mark.line + 1)


def _validate(
    model: type[LoadFeed | ExportFeed], attributes: object, node: yaml.Node, file: Path
) -> LoadFeed | ExportFeed:
    try:
        if model is LoadFeed:
            attributes = add_mapping_file(attributes, file.parent)
        return model.model_validate(attributes, context={"folder": file.parent})
    except MappingFileError as error:
        line = find_line(node, ["attributes", "mapping_file"])
        raise FeedError(str(error), error.path or file, error.line or line) from None
    except ValidationError as error:
        raise _fault(error, model, node, file, "attributes") from None


def _fault(
    error: ValidationError, model: type[BaseModel], node: yaml.Node, file: Path, *above: str
) -> FeedError:
    faults = error.errors(include_url=False, include_input=False)
    first = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
    place = [*above, *map(str, first["loc"]), *named(first)]
    return FeedError(explain(first, model), file, find_line(node, place))


def _parse(file: Path) -> tuple[yaml.Node | None, object]:
    """Parse YAML twice: as nodes, which know their lines, and as plain values."""
    try:
        text = file.read_text(encoding="utf-8")
        return yaml.compose(text, Loader=_Loader), yaml.load(text, Loader=_Loader)  # noqa: S506  (a safe one)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FeedError(f"not YAML: {error.problem}", file, mark.line + 1 if mark else 1) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise FeedError(f"cannot be read: {why}", file) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a NUL, 2020-13-45, [[[[…
        why = "nested too deep" if isinstance(error, RecursionError) else str(error).split("\n")[0]
        raise FeedError(f"not YAML: {why}", file) from None


def _no_feed(name: str) -> str:
    known = list_feeds()
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"no feed is called {name}; {hint}feeds: {', '.join(known)}"


def _relative(file: Path) -> Path:
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
