"""One method of the API, as the catalogue tells it (`connectors.trigg.catalogue`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Endpoint", "Field"]

Kind = Literal[
    "text", "integer", "number", "boolean", "date", "time", "phone", "email", "texts", "object"
]
Place = Literal["body", "path", "query"]
Use = Literal["load", "export", "look", "no"]
Sends = Literal["", "one", "many"]
Repeat = Literal["", "same", "doubles", "refused", "unknown"]
Answers = Literal["", "one", "many"]
Needs = Literal["", "activation", "unknown"]
Since = Literal["4.2.0", "4.3.0", "unknown"]


@dataclass(frozen=True)
class Field:
    """One value that a request carries.

    Attributes:
        kind: what it is on the wire; `time` is an ISO time without offset, `texts` a list, and the
            names of an `object` are agreed per client.
        required: whether the API needs it, as far as the documents tell.
        items: the dotted name of the list in whose objects it stands; empty where it is in none.
        place: where in the request it goes.
        guessed: the documents do not print its name.
    """

    kind: Kind
    required: bool = False
    items: str = ""
    place: Place = "body"
    guessed: bool = False


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One method of the API. The words are explained in endpoints.yaml.

    Attributes:
        group: under which the API's documents have it.
        method, path: as printed; `{name}` in the path is a parameter.
        about: what it does, or what it answers.
        use: what it is for here; `no` where it is not offered for files.
        bulk: why it is not.
        sends: one record a request, or many; empty where it changes nothing.
        repeat: what sending the same again does; empty where it changes nothing.
        answers: one record, or many; empty where it is no feed's to read.
        none_if: statuses that mean that there is none.
        done_if: statuses that, after a lost answer, mean that the first one has landed.
        parked_if: statuses that refuse a record for now, through no fault of its own.
        ask: the methods that tell, after a lost answer, whether the first one has landed.
        taken_if: what an answer must say, beside its status, to be a yes.
        key: the fields that by default name a record; of those under `either`, the first that is
            there does.
        apart: fields that are part of it where a feed maps them.
        whole: whether all that a feed maps is.
        either: fields of which one must be there.
        statuses: those documented; read off a sister method if `guessed`.
        preview: may change or vanish without notice.
        needs: `activation` where 403 means that the platform's operator must switch it on.
        since: the release that brought it.
        types: content types of the body; none where there is no body.
        undoes: the method whose work it takes back, on records of the same key.
        erases: whether it deletes a person, for good.
        adds: the field that counts up what the member has, such as points.
        envelope: what holds the records: the name of the list, or of the part of a form.
        open: whether fields beside those listed may be sent.
        parameters: those of the path, in its order, and those of the query.
        fields: those of the body, or of one record in the envelope, by dotted name.
    """

    group: str
    method: str
    path: str
    about: str
    use: Use
    bulk: str = ""
    sends: Sends = ""
    repeat: Repeat = ""
    answers: Answers = ""
    none_if: tuple[int, ...] = ()
    done_if: tuple[int, ...] = ()
    parked_if: tuple[int, ...] = ()
    ask: tuple[str, ...] = ()
    taken_if: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    whole: bool = False
    either: tuple[str, ...] = ()
    statuses: tuple[int, ...]
    guessed: bool = False
    preview: bool = False
    needs: Needs = ""
    since: Since = "4.2.0"
    types: tuple[str, ...] = ()
    undoes: str = ""
    erases: bool = False
    adds: str = ""
    envelope: str = ""
    open: bool = False
    parameters: Mapping[str, Field]
    fields: Mapping[str, Field]

    @property
    def name(self) -> str:
        """What a feed calls it: `POST /loyalty/bonus/import`."""
        return f"{self.method} {self.path}"

    @property
    def customer(self) -> str:
        """The field that names the customer whose record it is; empty where none does."""
        names = ("customerId", "memberId")
        return next((n for n in names if n in {**self.parameters, **self.fields}), "")

    @property
    def asks_by(self) -> str:
        """The parameter that a question fills in; empty where there is none, or it has pages."""
        one = [*self.parameters] if self.answers and len(self.parameters) == 1 else []
        return one[0] if one else ""

    def find_field(self, name: str) -> Field | None:
        """Find the parameter or field of a dotted name, as a feed maps it.

        Returns:
            None if the API has no such field. A name that is agreed per client, below an object or
            in an open body, is a text.
        """
        known = self.parameters.get(name) or self.fields.get(name)
        if known:
            return known
        above = {name[: dot.start()] for dot in re.finditer(r"\.", name)}
        over = [self.fields[part] for part in above & self.fields.keys()]
        free = all(part.kind == "object" for part in over) if over else self.open
        return Field("text") if free else None
