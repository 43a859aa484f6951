"""The promise that each record is delivered once and none is lost."""
