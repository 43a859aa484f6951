"""What a source says of itself: the words under `control`."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, ValidationInfo, model_validator

from pipelines.feeds.block import Name, Words, fault

COUNTS = ("rows", "records", "receipts", "members")
TOTALS = (*COUNTS, "amount")
SKIP = "skip"
_LINES = {"csv", "fixed", "xlsx"}
_PLACES = re.compile(r"\{([^{}]*)\}")


class Control(Words):
    """Totals that a source tells, which must be those of what is read.

    `trailer` is the pattern of a last line that is no record, such as `T;{rows};{amount}`, for CSV,
    fixed width and Excel; `{skip}` matches anything. The other words are the paths, from the root,
    of what a JSON or XML file tells outside its records.
    """

    trailer: Name | None = None
    rows: Name | None = None
    records: Name | None = None
    receipts: Name | None = None
    members: Name | None = None
    amount: Name | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        named = _PLACES.findall(self.trailer or "")
        for name in named:
            if name not in {*TOTALS, SKIP}:
                known = ", ".join((*TOTALS, SKIP))
                raise fault(f"{{{name}}} is none of {known}", "trailer")
            if name != SKIP and named.count(name) > 1:
                raise fault(f"names {{{name}}} twice", "trailer")
        if self.trailer and not self.trailer.strip():
            raise fault("a line that is not blank, such as T;{rows}", "trailer")
        return self

    @property
    def paths(self) -> dict[str, str]:
        """The path of each total that has one."""
        told = ((name, getattr(self, name)) for name in TOTALS)
        return {name: path for name, path in told if path}

    @property
    def names(self) -> list[str]:
        """The totals that the source tells."""
        named = {*self.paths, *_PLACES.findall(self.trailer or "")}
        return [name for name in TOTALS if name in named]


def _belongs(control: Control, info: ValidationInfo) -> Control:
    """Refuse a total that a source of this format cannot tell, or that its records have not."""
    source, target = info.data.get("source"), info.data.get("target")
    if source is None or target is None:  # they have a mistake of their own
        return control
    if control.trailer and source.kind not in _LINES:
        raise fault(f"belongs to csv, fixed and xlsx, not to {source.kind}", "trailer")
    for name in control.paths:
        if source.kind not in {"json", "xml"}:
            hint = ": name it in `trailer`" if source.kind in _LINES else ""
            raise fault(f"a path belongs to json and xml, not to {source.kind}{hint}", name)
    receipts = target.endpoint == "POST /transactions"
    for name in control.names:
        word = name if name in control.paths else "trailer"
        if receipts and name == "members":
            raise fault("members belong to POST /import, say receipts", word)
        if not receipts and name in {"receipts", "amount"}:
            raise fault(f"{name} belongs to POST /transactions, members have none", word)
    return control


ControlTotals = Annotated[Control, AfterValidator(_belongs)]
"""`Control` of a feed whose `source` and `target` have been read."""
