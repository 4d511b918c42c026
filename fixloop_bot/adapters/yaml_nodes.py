"""YAML that remembers where it stands: every complaint names line and key, and all of them come at once.

A ``Section`` is one mapping of the file. Its readers return the value, or the default where it is absent or wrong; in
the second case a complaint is noted. Complaints never quote what may be a secret: they show numbers and keys, no texts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

import yaml

from fixloop_bot.domain.errors import CatalogError

T = TypeVar("T")
DEEPEST = 40
LARGEST = 100_000
"""Keys and values that are read, each alias counted with all that it stands for; long texts count for several."""
CHARACTERS_IN_ONE = 40
COMPLAINTS_SHOWN = 100
HINTS = 20
LONGEST_HINTED = 40
"""Unknown keys for which a known one is sought, and how long such a key may be: it takes milliseconds each."""
_KINDS = {
    "tag:yaml.org,2002:str": "text",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:map": "a mapping",
    "tag:yaml.org,2002:seq": "a list",
    "tag:yaml.org,2002:timestamp": "a date",
}
_TEXTS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp")


class Complaints:
    """What is wrong with one file, in the order of its lines."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: dict[tuple[int, str], None] = {}
        self._hints = 0

    def add(self, node: yaml.Node, path: str, sentence: str) -> None:
        line = node.start_mark.line + 1
        said = f"{self.file} line {line}, {path}: {sentence}" if path else f"{self.file} line {line}: {sentence}"
        self._found[line, said] = None  # once, though an alias is read for each place it stands in

    def meant(self, key: str, known: Sequence[str]) -> str | None:
        """The known key that an unknown one is most like, sought for the first few."""
        self._hints += 1
        if self._hints > HINTS or len(key) > LONGEST_HINTED:
            return None
        near = get_close_matches(key, known, n=1, cutoff=0.5)
        return near[0] if near else None

    def raise_if_any(self) -> None:
        """Raise CatalogError with the first hundred, by line."""
        sentences = [sentence for _, sentence in sorted(self._found, key=lambda each: each[0])]
        more = len(sentences) - COMPLAINTS_SHOWN
        if sentences:
            rest = [f"{self.file}: and {more:,} more"] if more > 0 else []
            raise CatalogError("\n".join([*sentences[:COMPLAINTS_SHOWN], *rest]))


class _Loader(yaml.SafeLoader):
    """Gives up where there are too many nodes, or brackets within brackets, before much time is spent on them."""

    nodes = 0

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 - PyYAML's name
        """PyYAML looks at all open brackets for each word: three thousand of them hold the event loop for a second."""
        if self.flow_level > DEEPEST:
            raise RecursionError
        super().fetch_flow_collection_start(TokenClass)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.nodes += 1
        if self.nodes > LARGEST:
            raise _TooLarge(self.line + 1)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


class _TooLarge(Exception):  # noqa: N818 - becomes CatalogError, which has the file's name
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def compose(text: str, file: str) -> yaml.Node | None:
    """The file's tree; None if it is empty. Raises CatalogError with the line for text that is not YAML.

    Also for a file that is too large once its aliases are written out: whoever reads the tree reads each of them.
    """
    if len(text) > LARGEST * CHARACTERS_IN_ONE:  # the scanner alone would take its time
        raise CatalogError(f"{file}: is too long: over {LARGEST * CHARACTERS_IN_ONE:,} characters")
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=_Loader)
        _check_size(root)
    except _TooLarge as error:
        sentence = f"holds over {LARGEST:,} keys and values once its aliases (*name) are written out"
        raise CatalogError(f"{file} line {error.line}: {sentence}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" line {mark.line + 1}" if mark else ""
        raise CatalogError(f"{file}{where}: this is not YAML: {_problem(error)}") from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise CatalogError(f"{file}: this is not YAML: it holds a character that cannot be read") from None
    except RecursionError:
        raise CatalogError(f"{file}: this is nested too deeply") from None
    return root


def _check_size(root: yaml.Node | None) -> None:
    """Walk the tree as its readers would, and raise _TooLarge where it goes on and on."""
    left, size = [root] if root is not None else [], 0
    while left:
        node = left.pop()
        size += 1
        if isinstance(node, yaml.ScalarNode):
            size += len(node.value) // CHARACTERS_IN_ONE
        elif isinstance(node, yaml.SequenceNode):
            left += node.value
        elif isinstance(node, yaml.MappingNode):
            left += [each for pair in node.value for each in pair]
        if size > LARGEST or len(left) > LARGEST:
            raise _TooLarge(node.start_mark.line + 1)


_PLAINLY = (  # the mistakes that people make most, as the parser names them and as people would
    (r"'\\t' that cannot start", "a tab stands here; YAML is indented with spaces"),
    (r"cannot start any token", "text that begins with @, % or a backtick needs quotes"),
    (r"expected <block end>", "the indentation fits none of the lines above, or a - or a quote is missing"),
    (r"values are not allowed|expected ':'", "wrong indentation, or a colon too many: text with ': ' needs quotes"),
    (r"found another document", "a second document (---) begins here, and a file holds one"),
    (r"<stream end>|end of stream", "the file ends before a bracket or a quote is closed"),
    (r"expected ',' or '[}\]]', but got '[\[{]'", "a bracket within brackets; text with [ ] { } needs quotes"),
)


def _problem(error: yaml.MarkedYAMLError) -> str:
    """What the parser says, without names of aliases, anchors and tags: a secret that begins with * is read as one."""
    problem = error.problem or "it cannot be read"
    if plainly := [words for pattern, words in _PLAINLY if re.search(pattern, problem)]:
        return plainly[0]
    if any(word in problem for word in ("alias", "anchor", "tag")):
        return f"{problem.partition(chr(39))[0].strip()}; text that begins with * & or ! needs quotes"
    return problem


def kind(node: yaml.Node) -> str:
    """What a node is, in words."""
    return _KINDS.get(node.tag, "something else")


class Section:
    """One mapping: keys, each with the node of its value. Unknown and duplicate keys are complained about at once."""

    def __init__(self, node: yaml.Node, path: str, complaints: Complaints, *, known: Sequence[str] | None) -> None:
        self.node = node
        self.path = path
        self.complaints = complaints
        self.nodes: dict[str, yaml.Node] = {}
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._enter(key, value, known)
        elif not _nothing(node):
            complaints.add(node, path, f"must be a mapping, not {kind(node)}")

    def _enter(self, key: yaml.Node, value: yaml.Node, known: Sequence[str] | None) -> None:
        if not isinstance(key, yaml.ScalarNode):
            self.complaints.add(key, self.path, "a key must be a word")
        elif key.value in self.nodes:
            self.complaints.add(key, self.at(key.value), "stands here a second time")
        elif known is not None and key.value not in known:
            near = self.complaints.meant(key.value, known)
            hint = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
            self.complaints.add(key, self.at(key.value), f"is not a known key; {hint}")
        else:
            self.nodes[key.value] = value

    def at(self, key: str) -> str:
        """The key's full name."""
        return f"{self.path}.{key[:80]}" if self.path else key[:80]

    def complain(self, key: str, sentence: str) -> None:
        """About a value, at its own line; about an absent one, at the line of its section."""
        self.complaints.add(self.nodes.get(key, self.node), self.at(key), sentence)

    def has(self, key: str) -> bool:
        return key in self.nodes and not _nothing(self.nodes[key])

    def section(self, key: str, *, known: Sequence[str] | None = None) -> Section:
        """The mapping under a key; an empty one if it is absent."""
        node = self.nodes.get(key)
        if node is None:
            node = yaml.MappingNode("tag:yaml.org,2002:map", [], self.node.start_mark, self.node.end_mark)
        return Section(node, self.at(key), self.complaints, known=known)

    def text(
        self, key: str, *, default: str | None = None, check: Callable[[str], str | None] | None = None
    ) -> str | None:
        """A text. ``check`` returns what is wrong with it, or None. What an unquoted ``#`` leaves is explained."""
        node = self.nodes.get(key)
        if node is None:
            return default
        if _nothing(node):
            self.complain(key, 'must be text; it is empty (a "#" begins a comment unless it stands in quotes)')
            return default
        wrong = _wrong_text(node) or (check(node.value) if check else None)
        if wrong:
            self.complain(key, wrong)
            return default
        return str(node.value)

    def word(self, key: str) -> str:
        """A value of ``match``: text, or a number or boolean as written."""
        node = self.nodes[key]
        if isinstance(node, yaml.ScalarNode) and node.value:
            return str(node.value)
        self.complain(key, f"must be text, not {kind(node)}")
        return ""

    def number(self, key: str, low: float, high: float, *, above: bool = False, below: bool = False) -> float | None:
        """A number from ``low`` to ``high``, these excluded if ``above`` or ``below``; None if absent or wrong."""
        node = self.nodes.get(key)
        if node is None:
            return None
        number = _number(node)
        if number is None:
            self.complain(key, f"must be a number, not {kind(node)}")
            return None
        inside = (number > low if above else number >= low) and (number < high if below else number <= high)
        if inside:
            return number
        self.complain(key, f"must be {_range(low, high, above=above)}, not {number:g}")
        return None

    def whole(self, key: str, low: int, high: int) -> int | None:
        number = self.number(key, low, high)
        if number is None or number == int(number):
            return None if number is None else int(number)
        self.complain(key, f"must be a whole number, not {number:g}")
        return None

    def flag(self, key: str) -> bool:
        node = self.nodes.get(key)
        if node is None:
            return False
        if node.tag != "tag:yaml.org,2002:bool":
            self.complain(key, f"must be true or false, not {kind(node)}")
            return False
        return str(node.value).lower() in ("true", "yes", "on")

    def items(self, key: str) -> list[tuple[str, yaml.Node]]:
        """The elements of a list with their full names; counted from 0."""
        node = self.nodes.get(key)
        if node is None or _nothing(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.complain(key, f"must be a list, not {kind(node)}")
            return []
        return [(f"{self.at(key)}[{index}]", item) for index, item in enumerate(node.value)]

    def texts(self, key: str, read: Callable[[str], T]) -> tuple[T, ...]:
        """A list of texts, each turned into something by ``read``, whose ValueError is the complaint."""
        values: list[T] = []
        for path, node in self.items(key):
            wrong = _wrong_text(node)
            if wrong:
                self.complaints.add(node, path, wrong)
                continue
            try:
                values.append(read(node.value))
            except ValueError as error:
                self.complaints.add(node, path, str(error))
        return tuple(values)


def _range(low: float, high: float, *, above: bool) -> str:
    if math.isinf(high):
        return f"{'above' if above else 'at least'} {low:g}"
    return f"between {low:g} and {high:g}"


def _nothing(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


def _wrong_text(node: yaml.Node) -> str | None:
    if isinstance(node, yaml.ScalarNode) and node.tag in _TEXTS:
        return None if node.value.strip() else "must not be empty"
    quoting = '; put it in quotes ("…")' if kind(node) != "nothing" else ""
    return f"must be text, not {kind(node)}{quoting}"


def _number(node: yaml.Node) -> float | None:
    """A finite number; none for anything else, also for 1:30, which YAML 1.1 takes for 90."""
    if node.tag not in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float") or ":" in node.value:
        return None
    try:
        number = float(node.value.replace("_", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def plain(node: yaml.Node, depth: int = 0) -> object:
    """The node as JSON has it; raises ValueError with a sentence where JSON has nothing like it."""
    if depth > DEEPEST:
        raise ValueError("is nested too deeply")
    if isinstance(node, yaml.MappingNode):
        return {_key(key): plain(value, depth + 1) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item, depth + 1) for item in node.value]
    return _scalar(node)


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError("has a key that is not a word")  # noqa: TRY004 -- wrong in the file, not in the program
    return str(node.value)


def _scalar(node: yaml.Node) -> object:
    match kind(node):
        case "text" | "a date":
            return str(node.value)
        case "true or false":
            return str(node.value).lower() in ("true", "yes", "on")
        case "nothing":
            return None
        case "a number":
            return _json_number(node)
    raise ValueError("holds something that JSON does not know")


def _json_number(node: yaml.Node) -> int | float:
    if re.fullmatch(r"[-+]?[0-9]{1,18}", node.value):
        return int(node.value)
    number = _number(node)
    if number is None:
        raise ValueError("holds a number that JSON does not know; put it in quotes")
    return number
