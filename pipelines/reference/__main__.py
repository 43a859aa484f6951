"""`python -m pipelines.reference` writes the made pages of docs/."""

from pipelines.reference import write_pages

write_pages()
