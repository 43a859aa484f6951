"""Rows become a table: types learned, the contract held, laid out in files, old ones carried on."""
