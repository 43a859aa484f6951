"""What each column is: by its name, by its values, and by what the other columns are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.guessing.dates import is_written
from pipelines.guessing.fitting import fit
from pipelines.guessing.kinds import KINDS, mask
from pipelines.guessing.names import about
from pipelines.guessing.profiles import Profile
from pipelines.guessing.records import CHOSEN, LOW, Target
from pipelines.guessing.synonyms import concepts_of
from pipelines.guessing.unnamed import SOLO

TWINS = ("GrossAmount", "Vat", "NetAmount", "Discount")
GROUPS = {f":group{n}": f"Items.ProductGroupLevel{n}" for n in (1, 2, 3)}
FEW, FEW_SHARE = 2, 0.1
"""So many values, or this share of them, may not fit a name that is known for a field."""
FLOOR = 0.3
"""What is less likely than this is not told."""


@dataclass(frozen=True)
class Candidate:
    """One concept that a column may be.

    Attributes:
        column: the column.
        concept: a wire name, or a concept with a colon in front.
        confidence: from 0 to 1.
        why: the evidence.
    """

    column: str
    concept: str
    confidence: float
    why: str


def find_candidates(
    profiles: Mapping[str, Profile],
    target: Target,
    levels: Mapping[str, str],
    subject: str = "",
) -> list[Candidate]:
    """Judge every column against every concept.

    Args:
        profiles: the columns.
        target: what the records are.
        levels: column → "line" or "receipt", where the data shows which of the two it belongs to.
        subject: what a record is called, where records have ids of their own.

    Returns:
        Candidates above `FLOOR`, the likeliest first.
    """
    found: list[Candidate] = []
    alone: list[Candidate] = []
    for column, profile in profiles.items():
        named = _named(column, target, levels.get(column, ""), subject)
        own = [_judge(column, concept, worth, profile) for concept, worth in named.items()]
        if not any(c.confidence >= 0.5 for c in own):
            alone += _unnamed(column, profile, target, levels.get(column, ""))
        found += [c for c in own if c.confidence >= FLOOR]
    said = {c.concept for c in found if c.confidence >= 0.5}  # by the name of some column
    found += [c for c in alone if c.confidence >= (LOW if c.concept in said else FLOOR)]
    if target == "members":
        found = _beside_city(found, list(profiles))
    order = {column: at for at, column in enumerate(profiles)}
    return sorted(found, key=lambda c: (-c.confidence, order[c.column], c.concept))


def _beside_city(found: list[Candidate], columns: list[str]) -> list[Candidate]:
    """Trust a postal code that only its values show more where a city stands beside it."""
    cities = {c.column for c in found if c.concept == "city" and c.confidence >= 0.7}
    near = {columns[at + step] for at, c in enumerate(columns) if c in cities for step in (-1, 1)
            if 0 <= at + step < len(columns)}  # fmt: skip
    return [
        replace(c, confidence=round(c.confidence + 0.12, 2), why=f"{c.why}, beside a city")
        if c.concept == "zip" and c.column in near and c.confidence < 0.72
        else c
        for c in found
    ]


def _named(column: str, target: Target, level: str, subject: str) -> dict[str, float]:
    subject = "" if level == "line" else subject
    concepts = dict(concepts_of(column, target, subject))
    if target == "members":
        return concepts
    spoken = about(column)
    for twin in TWINS:
        line, receipt = f"Items.{twin}", f"Header.{twin}"
        best = max(concepts.get(line, 0.0), concepts.get(receipt, 0.0))
        if not best:
            continue
        said = level or spoken
        if said == "line":
            concepts[line] = best
            concepts.pop(receipt, None)
        elif said == "receipt" and (level or concepts.get(receipt)):
            concepts[receipt] = best * (1.0 if spoken == "receipt" or receipt in concepts else 0.9)
            concepts.pop(line, None)
    if level == "line":
        concepts = {c: w for c, w in concepts.items() if not c.startswith("Header.")} or concepts
    return concepts


def _judge(column: str, concept: str, worth: float, profile: Profile) -> Candidate:
    well = fit(concept, profile)
    confidence = worth * (0.82 + 0.16 * well) if well >= 0 else worth * 0.82 * (1 + well)
    why = "the name says so" if worth >= 0.9 else "the name may say so"
    odd = _misfits(concept, profile) if well > 0 else []
    if not profile.counts:
        why += ", no value in the sample"
    elif odd:
        every = len(profile.values)
        few = len(odd) <= max(FEW, FEW_SHARE * every)
        confidence *= 1 - len(odd) / every
        confidence = max(0.5 * worth, confidence if few else min(confidence, LOW - 0.05))
        why += f", but {len(odd)} of {every} values do not fit, such as {_shapes(odd)}"
    elif well > 0.5:
        why += " and the values fit"
    elif well < 0:
        why += f", but values such as {_shapes(profile.values)} do not fit"
    return Candidate(column, concept, round(confidence, 2), why)


def find_refuted(
    profiles: Mapping[str, Profile],
    target: Target,
    given: Mapping[str, Candidate],
    subject: str = "",
) -> dict[str, Candidate]:
    """Find columns whose name is known for a field that most of their values do not fit.

    Returns:
        Column → the candidate that its name alone would make.
    """
    refuted = {}
    for column, profile in profiles.items():
        named = _named(column, target, "", subject)
        best = max(named, key=lambda c: named[c], default="")
        if not best or named[best] < 0.9 or best.startswith(":") or not profile.counts:
            continue
        held = given.get(column)
        if (held is None or held.concept not in named) and fit(best, profile) < 0:
            refuted[column] = _judge(column, best, named[best], profile)
    return refuted


def _unnamed(column: str, profile: Profile, target: Target, level: str) -> list[Candidate]:
    if not profile.counts:
        return []
    found = []
    for concept, (most, test) in SOLO[target].items():
        share = test(profile)
        if share >= 0.2 and not (level == "line" and concept.startswith("Header.")):
            scale = 1.0 if share >= 0.5 else 0.8
            why = f"by its values alone, such as {_shapes(profile.values)}"
            found.append(Candidate(column, concept, round(most * scale, 2), why))
    return found


KINDS_OF = {"email": "email", "mobilePhone": "phone", "zip": "zip", "country": "country",
            "Header.Currency": "currency", ":national": "national", "firstName": "word",
            "lastName": "word", "city": "place", "externalId": "code",
            "Items.Quantity": "number",
            **{f"{level}.{twin}": "number" for level in ("Items", "Header") for twin in TWINS}
            }  # fmt: skip


def _misfits(concept: str, profile: Profile) -> list[str]:
    """List the different values that do not fit, though most do."""
    if concept in {"birthDate", "Header.TimeStamp"} and profile.when is not None:
        return [v for v in profile.values if not is_written(v, profile.when)]
    kind = KINDS_OF.get(concept)
    return [v for v in profile.values if kind and not KINDS[kind](v)]


def _shapes(values: Sequence[str]) -> str:
    shapes = dict.fromkeys(mask(value) for value in values[:40])
    return " and ".join(f'"{shape}"' for shape in list(shapes)[:2])


def pin(candidates: list[Candidate], chosen: Mapping[str, str]) -> list[Candidate]:
    """Put what a person has chosen, column → concept, before all that was found."""
    taken = {*chosen.values()}
    rest = [c for c in candidates if c.column not in chosen and c.concept not in taken]
    return [*(Candidate(column, what, 1.0, CHOSEN) for column, what in chosen.items()), *rest]


def assign(candidates: list[Candidate], profiles: Mapping[str, Profile]) -> dict[str, Candidate]:
    """Give each column one concept, and each field of the platform one column.

    Concepts with a colon may have many columns, but the full name, the time of day and the
    groups of products one each.
    """
    single = {":full", ":clock", *GROUPS}
    taken: set[str] = set()
    given: dict[str, Candidate] = {}
    for candidate in candidates:
        concept = _final(candidate.concept, profiles[candidate.column])
        if candidate.column in given:
            continue
        if not concept.startswith(":") or concept in single:
            if concept in taken:
                continue
            taken.add(concept)
        given[candidate.column] = Candidate(
            candidate.column, concept, candidate.confidence, candidate.why
        )
    return given


def _final(concept: str, profile: Profile) -> str:
    """Choose between number and name of a product group by the values."""
    if concept not in GROUPS:
        return concept
    whole = profile.shares["integer"] >= 0.95 and not profile.zeros
    return GROUPS[concept] + ("Id" if whole else "Name")


def rival_of(
    given: Candidate, candidates: list[Candidate], taken: Mapping[str, Candidate]
) -> Candidate | None:
    """Find a column that could be the same field nearly as well and is not sent as another."""
    for other in candidates:
        near = other.confidence >= given.confidence - 0.12 and other.confidence >= 0.6
        if other.concept == given.concept and other.column != given.column and near:
            held = taken.get(other.column)
            if held is None or held.concept.startswith(":"):
                return other
    return None
