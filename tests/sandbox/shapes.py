"""The form of an answer: names and types, compared with that of a sample."""


def shape(value):
    """Return the names and JSON types, of one element of each list; all numbers are alike."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if type(value) in (int, float) else type(value).__name__


def check_promotions(found, sample):
    """The names are those of the sample, and since 4.3.0 one more."""
    assert found
    names = list(sample[0])
    assert list(found[0]) == [names[0], "promotionDefinitionId", *names[1:]]
    filled = {name: value for name, value in found[0].items() if name in names and value != []}
    assert shape(filled) == {name: shape(sample[0][name]) for name in filled}
