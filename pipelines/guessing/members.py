"""Members: from what each column is to the words of the mapping."""

import re
from collections.abc import Mapping

import polars as pl

from pipelines.guessing.dates import ISO_TIME
from pipelines.guessing.homeland import DIALLING, find_country
from pipelines.guessing.kinds import CODES, FEMALE, KNOWN_FALSE, KNOWN_TRUE, MALE
from pipelines.guessing.matching import Candidate
from pipelines.guessing.names import make_safe
from pipelines.guessing.profiles import Profile
from pipelines.guessing.records import FULL, LEFT, LOW, OWN, UNKNOWN, Match
from pipelines.guessing.writing import write
from transforms.countries import read_country
from transforms.phones import read_phone
from validators.fields import MEMBER_FIELDS, MEMBER_KEYS

NOT_SENT = {
    ":national": "looks like a number of a person's identity, which is not sent",
    ":password": "a secret, which is not sent",
    ":row": "numbers the rows of the file",
    ":notes": "free text about a person, which is not sent",
    LEFT: "left out by a person",
}
KNOWN_GENDERS = {"female", "f", "k", "kvinne", "kvinna", "kvinde", "woman", "dame", "male", "m",
                 "mann", "man", "mand", "herre"}  # fmt: skip


class MemberWords:
    """Makes the words of the mapping, and gathers questions on the way.

    Attributes:
        matches: one for each column, in the order of the profiles.
        questions: what a person must decide.
        values: words of `values`, and why.
        added: wire names that no column feeds.
    """

    def __init__(
        self, profiles: Mapping[str, Profile], given: Mapping[str, Candidate], *, named: bool
    ) -> None:
        self._profiles, self._given, self._named = profiles, given, named
        self.questions: list[str] = []
        self.values: dict[str, object] = {}
        self.why: dict[str, str] = {}
        self.added: dict[str, str] = {}
        self._names: set[str] = set()
        self._true: dict[str, None] = {}
        self._false: dict[str, None] = {}
        self.matches = [self._match(column) for column in profiles]
        self._ask_for_key()
        if self._true:
            self.values["true"] = list(self._true)
        if self._false:
            self.values["false"] = list(self._false)

    def _match(self, column: str) -> Match:
        profile, found = self._profiles[column], self._given.get(column)
        if found is None or (found.confidence < 0.45 and found.concept.startswith(":")):
            return self._property(column, profile, found)
        concept = found.concept
        if concept in NOT_SENT:
            return Match(column, (), found.confidence, found.why, left_out=NOT_SENT[concept])
        if concept.startswith(":") and concept != FULL:
            return self._property(column, profile, found)
        mapped = self._mapped(column, concept, profile)
        return Match(column, tuple(mapped), found.confidence, found.why, mapped)

    def _mapped(  # noqa: PLR0911  (one for each field with words of its own)
        self, column: str, concept: str, profile: Profile
    ) -> dict[str, str]:
        kind = MEMBER_FIELDS[concept].kind if concept in MEMBER_FIELDS else "text"
        match concept:
            case ":full":
                return self._full(column, profile)
            case "mobilePhone":
                return {concept: self._phone(column, profile)}
            case "birthDate":
                return {concept: self._birth(column, profile)}
            case "gender":
                return {concept: self._gender(column, profile)}
            case "country":
                return {concept: self._country(column, profile)}
            case "zip":
                return {concept: write({"column": column, "type": "text"})}
        if kind == "boolean":
            self._truths(column, profile)
        return {concept: ""}

    def _full(self, column: str, profile: Profile) -> dict[str, str]:
        given = {match.concept for match in self._given.values()}
        if {"firstName", "lastName"} & given:
            return {"name": ""}
        comma = sum("," in v for v in profile.values) > len(profile.values) / 2
        if comma:
            first = write({"split": column, "at": ",", "part": 2})
            return {"firstName": first, "lastName": write({"split": column, "at": ",", "part": 1})}
        several = sum(len(v.split()) > 2 for v in profile.values)
        if several:
            self.questions.append(
                f"{several} names in `{column}` have more than two words: the last one becomes "
                "lastName, all before it firstName; is that right?"
            )
        last = write({"split": column, "at": " ", "part": -1})
        first = write({"column": column, "extract": r"^\s*(\S.*?)\s+\S+\s*$"})
        return {"firstName": first, "lastName": last}

    def _phone(self, column: str, profile: Profile) -> str:
        texts = pl.Series(profile.values, dtype=pl.String)
        unread = texts.filter(read_phone(texts).is_null())
        if not len(unread):
            return ""
        country, why = find_country(self._profiles, self._given)
        odd = f"{len(unread)} of {len(texts)} different numbers in `{column}`"
        valid = read_phone(unread, country, "valid").count()
        possible = read_phone(unread, country).count()
        if country and valid * 2 >= len(unread):
            self.values.setdefault("region", country)
            code = DIALLING[country]
            self.why.setdefault("region", f"of phones without a country code, by {why}")
            self.questions.append(
                f"numbers in `{column}` without a country code are taken for +{code} ({country}, "
                f"by {why}): is that so?"
            )
            if possible > valid:
                self.values.setdefault("phones", "possible")
                self.questions.append(
                    f"{possible - valid} of {len(texts)} numbers in `{column}` are of ranges "
                    "that are not in use: should they be rejected (values.phones: valid)?"
                )
            return ""
        told = f"{country}, by {why}" if country else "no telling of which country"
        self.questions.append(
            f"{odd} have no country code ({told}): they are rejected until values.region says which"
        )
        return ""

    def _birth(self, column: str, profile: Profile) -> str:
        dates = profile.when
        if dates is None:
            return ""
        swapped = [
            w for w in dates.rivals if re.sub("[dm]", "", w) == re.sub("[dm]", "", dates.word)
        ]
        if swapped and not dates.proof:
            self.questions.append(
                f"`{column}` may be {dates.word} or {swapped[0]}: no value in the sample decides"
            )
        if "%y" in dates.word:
            self.questions.append(f"`{column}` has years of two digits; is nobody over 100?")
        if dates.word != "iso":
            self.values.setdefault("date", dates.word)
            why = dates.proof or f"{dates.share:.0%} of the values in `{column}` fit"
            self.why.setdefault("date", why)
        elif any(ISO_TIME.match(v) for v in profile.values[:20]):
            self.why.setdefault("date", f"`{column}` has times beside its dates")
        return ""

    def _gender(self, column: str, profile: Profile) -> str:
        words = {v.strip() for v in profile.values}
        if all(w.lower() in KNOWN_GENDERS for w in words):
            return ""
        table: dict[str, str | None] = {}
        unknown = 0
        for word in sorted(words):
            low = word.lower().rstrip(".")
            if low in FEMALE | MALE:
                table[word] = "Female" if low in FEMALE else "Male"
            else:
                unknown += 1
        if unknown:
            self.questions.append(
                f"{unknown} words in `{column}` are neither female nor male; they are sent as none"
            )
        if not table:
            digits = sorted(w for w in words if w.isdigit())[:2]
            table = dict(zip(digits, ["Male", "Female"], strict=False)) or {"K": "Female"}
            self.questions.append(f"which code in `{column}` is Female, which is Male?")
        return write({"column": column, "lookup": table, "otherwise": None})

    def _country(self, column: str, profile: Profile) -> str:
        words = profile.values
        if all(re.fullmatch("[A-Z]{2}", w) for w in words):
            return ""
        if read_country(pl.Series(words, dtype=pl.String)).null_count() == 0:
            return write({"column": column, "type": "country"})
        table = {w: CODES[w.lower()] for w in sorted(words) if w.lower() in CODES}
        return write({"column": column, "lookup": table, "otherwise": "keep"}) if table else ""

    def _truths(self, column: str, profile: Profile) -> None:
        for value in profile.values:
            low = value.lower()
            if low in KNOWN_TRUE | KNOWN_FALSE | {"nej"}:
                continue
            if low in {"x", "on", "ok", "wahr", "t"} or re.match("(aks|god|accep|yes)", low):
                self._true[value] = None
            elif low in {"off", "nein", "falsch", "-"} or re.match("(avsl|ikke|no|decl)", low):
                self._false[value] = None
            else:
                self.questions.append(f"a value of `{column}` is neither a known yes nor a no")
        if profile.filled < 1 and profile.distinct == 1:
            self.questions.append(
                f"`{column}` is filled or empty: empty sends nothing, should it be false?"
            )

    def _property(self, column: str, profile: Profile, found: Candidate | None) -> Match:
        """Send a column beside the known fields, under its own name."""
        if not self._named:
            return Match(column, (), 0.5, "no name, and no known values", left_out="unknown")
        confidence, why = UNKNOWN, "no known name, sent beside the fields"
        if found is not None:
            confidence = found.confidence if found.confidence >= LOW else round(found.confidence, 2)
            own = found.concept == OWN
            why = found.why if own else f"{found.why}: {found.concept.removeprefix(':')}"
        if not profile.counts:
            return Match(column, (), confidence, why, left_out="is empty in the sample")
        if profile.shares["national"] >= 0.9 and min(profile.lengths) >= 10:
            return Match(column, (), 0.8, "by its values", left_out=NOT_SENT[":national"])
        name = self._own_name(column)
        return Match(column, (f"extendedProperties.{name}",), confidence, why)

    def _own_name(self, column: str) -> str:
        name = base = make_safe(column)[:60]
        number = 2
        while name in self._names:
            name, number = f"{base}{number}", number + 1
        self._names.add(name)
        return name

    def _ask_for_key(self) -> None:
        fields = {field for match in self.matches for field in match.fields}
        keys = [key for key in MEMBER_KEYS if key in fields]
        if not keys:
            self.questions.append(
                "no column names a member: externalId, mobilePhone or email must come from one; "
                "until then every row is rejected"
            )
            self.added["externalId"] = write({"constant": ""})
            return
        for match in self.matches:
            if match.fields[:1] == (keys[0],) and keys[0] == "externalId":
                profile = self._profiles[match.column]
                if 0 < profile.unique < 1:
                    repeats = round(profile.rows * profile.filled) - profile.distinct
                    self.questions.append(
                        f"`{match.column}` names the member, but {repeats} of {profile.rows} "
                        "sampled rows repeat one: is it the key?"
                    )
