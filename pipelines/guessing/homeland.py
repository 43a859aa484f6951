"""Which country a file's people live in, for phone numbers that do not say."""

import re
from collections import Counter
from collections.abc import Mapping

from pipelines.guessing.kinds import CODES
from pipelines.guessing.matching import Candidate
from pipelines.guessing.profiles import Profile

DIALLING = {"NO": "47", "DK": "45", "SE": "46", "DE": "49", "FI": "358"}
"""Country → the code of its phones."""
# Words of headers that only one of the languages has.
SPOKEN = {
    "NO": r"fornavn.*etternavn|etternavn|kjønn|poststed|fødselsdato|kundenr|medlemsnr",
    "SE": r"förnamn|efternamn|kön|postort|födelse|medlemsnummer",
    "DK": r"efternavn|køn|fødselsdag|samtykke_mail|tilladelse|betingelser|mobilnr\.",
    "DE": r"vorname|nachname|geburt|geschlecht|plz|straße|strasse|wohnort",
}


def find_country(
    profiles: Mapping[str, Profile], given: Mapping[str, Candidate]
) -> tuple[str, str]:
    """Tell the country, and by what: a column of countries, e-mails, the names of the columns.

    Returns:
        A code such as NO and the evidence; two empty texts where nothing tells.
    """
    by_concept = {found.concept: profiles[column] for column, found in given.items()}
    country = by_concept.get("country")
    if country and country.counts:
        word, rows = max(country.counts.items(), key=lambda item: item[1])
        code = CODES.get(word.lower(), "")
        if code and rows >= 0.9 * sum(country.counts.values()):
            return code, "the column of countries"
    mails = by_concept.get("email")
    if mails and mails.counts:
        ends = Counter(v.rpartition(".")[2].upper() for v in mails.values)
        own = {code: count for code, count in ends.items() if code in DIALLING}
        if own and max(own.values()) >= 0.2 * len(mails.values):
            return max(own, key=lambda code: own[code]), "the ends of the e-mails"
    names = " ".join(profiles).lower()
    counts = {code: len(re.findall(pattern, names)) for code, pattern in SPOKEN.items()}
    best = max(counts, key=lambda code: counts[code])
    alone = sum(count == counts[best] for count in counts.values()) == 1
    return (best, "the language of the names of columns") if counts[best] and alone else ("", "")
