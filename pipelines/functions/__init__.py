"""Functions of your own, for what the words of a mapping cannot say: docs/mapping.md."""
