"""Small files of every format, good, dirty and hostile, and the maker of a real year.

The files stand beside this module; `README.md` tells what each shows. `year.py` writes a year of
a grocer's real receipts, `make_small.py` makes the small files again. Nothing heavy is imported
here: take what you need from the modules.
"""
