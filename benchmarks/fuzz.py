"""Fuzz the readers: `python benchmarks/fuzz.py FORMAT --minutes 10`, or `all`.

Two engines, each with half of the time: atheris (libFuzzer, led by the coverage of the Python
code) and hypothesis (mutations of good files and of the hostile corpus). Each works in a process
of its own, so that a crash of native code is a finding too. What was found lies in
`.state/fuzz/FORMAT/`; `--once FILE` reads one of these inputs again. Exit code 1 with findings.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
OUT = ROOT / ".state" / "fuzz"
MOST = 20  # findings of a format, before it is left


def main() -> int:
    """Fuzz the formats asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("format", help="a format, or all")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--engine", choices=["atheris", "hypothesis", "both"], default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--once", type=Path, help="read this input and stop")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        run = {"atheris": run_atheris, "hypothesis": run_hypothesis}[given.engine]
        run(given.format, given.work, given.minutes * 60, given.seed)
        return 0
    from fuzz_targets import FORMATS, check

    if given.once:
        check(given.format, given.once.read_bytes())
        print("all that must hold held")
        return 0
    engines = ["atheris", "hypothesis"] if given.engine == "both" else [given.engine]
    formats = FORMATS if given.format == "all" else (given.format,)
    found = 0
    for form in formats:
        for engine in engines:
            found += fuzz(form, engine, given.minutes * 60 / len(engines), given.seed)
    return min(found, 1)


def fuzz(form: str, engine: str, seconds: float, seed: int) -> int:
    """Run one engine until the time is up, again after each finding; return how many."""
    out = OUT / form
    out.mkdir(parents=True, exist_ok=True)
    end, said, inputs = time.monotonic() + seconds, dict[str, Path](), 0
    while (left := end - time.monotonic()) > 1 and len(said) < MOST:
        with tempfile.TemporaryDirectory() as work:
            line = [sys.executable, __file__, form, "--engine", engine, "--work", work]
            line += ["--minutes", str(left / 60), "--seed", str(seed)]
            done = subprocess.run(
                line, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
            )
            told = done.stdout + done.stderr
            inputs += count_inputs(told)
            seed += 1
            if done.returncode:
                why = reason(told, done.returncode)
                crash = next(iter(sorted(Path(work).glob("found-*"))), None)
                kind = re.sub(r"0x\w+|[0-9]+", "N", why)
                if kind not in said and crash is not None:
                    said[kind] = crash.rename(out / f"{engine}-{seed}-{crash.name[6:18]}")
                    print(
                        f"{form}, {engine}: {why}\n    {said[kind].relative_to(ROOT)}", flush=True
                    )
                elif crash is None:
                    said.setdefault(kind, out)
                    print(f"{form}, {engine}: {why}\n{told[-1500:]}", flush=True)
                    break
    took = f"{inputs:,} inputs in {seconds:.0f} s"
    print(f"{form}, {engine}: {took}, {len(said)} findings", flush=True)
    return len(said)


def count_inputs(told: str) -> int:
    """Find how many inputs an engine says it has read."""
    counts = [0]
    for line in told.splitlines():
        words = line.split()
        if line.startswith(("#", "inputs ")) and words:
            word = words[0].strip("#") or "0"
            counts.append(int(words[1] if word == "inputs" else word.rstrip(":").strip("#") or 0))
    return max(counts)


def reason(told: str, code: int) -> str:
    """Find the exception in what an engine told."""
    lines = [line.strip() for line in told.splitlines()]
    for at, line in enumerate(lines):
        if "Uncaught Python exception" in line and at + 1 < len(lines):
            return " ".join(lines[at + 1 : at + 2])[:300]
        if line.startswith(("found: ", "SUMMARY: ")):
            return line[:300]
    return f"ended with {code}: {lines[-1][:300] if lines else 'nothing said'}"


def run_atheris(form: str, work: Path, seconds: float, seed: int) -> None:
    """Let libFuzzer make inputs until it finds one or the time is up; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["connectors"], enable_loader_override=False):
        from fuzz_targets import COMMON, TOKENS, check, list_seeds

    corpus = work / "corpus"
    corpus.mkdir()
    for at, data in enumerate(list_seeds(form)):
        (corpus / f"{at:04}").write_bytes(data)
    words = ("".join(f"\\x{byte:02x}" for byte in t) for t in (*TOKENS.get(form, []), *COMMON))
    (work / "words").write_text("".join(f'"{word}"\n' for word in words if word))
    flags = [f"-max_total_time={int(seconds)}", "-timeout=60",
             "-rss_limit_mb=2048", "-len_control=0", "-max_len=6000",
             f"-artifact_prefix={work}/found-",
             f"-dict={work}/words", f"-seed={seed}", "-print_final_stats=1"]  # fmt: skip
    atheris.Setup([sys.argv[0], str(corpus), *flags], lambda data: check(form, data))
    atheris.Fuzz()


def run_hypothesis(form: str, work: Path, seconds: float, seed: int) -> None:
    """Let hypothesis make inputs, and keep the smallest that it finds."""
    from fuzz_targets import COMMON, TOKENS, check, list_seeds
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    seeds, tokens = list_seeds(form), [*TOKENS.get(form, []), *COMMON]
    edit = st.tuples(
        st.floats(0, 1), st.sampled_from([0, 0, 0, 1, 3, 40]),
        st.one_of(st.sampled_from(tokens), st.binary(max_size=8)),
        st.sampled_from([1, 1, 1, 2, 90]),
    )  # fmt: skip
    end, count, last, failed = time.monotonic() + seconds, 0, b"", False

    def see(data: bytes) -> None:
        nonlocal count, last, failed
        count, last = count + 1, data
        (work / "last").write_bytes(data)  # of a crash that leaves no exception
        if failed or time.monotonic() < end:  # what failed once is made smaller, however late
            try:
                check(form, data)
            except BaseException:
                failed = True
                raise

    def make(draw: st.DrawFn) -> bytes:
        data = draw(st.sampled_from(seeds))
        data = draw(st.binary(min_size=2, max_size=2)) + data[2:] if draw(st.booleans()) else data
        for place, gone, token, times in draw(st.lists(edit, max_size=5)):
            at = 2 + int(place * max(len(data) - 2, 0))
            data = data[:at] + token * times + data[at + gone :]
        return data

    rounds = random.Random(seed)
    while time.monotonic() < end:
        test = seeded(rounds.getrandbits(32))(
            settings(
                max_examples=300,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )(given(st.composite(make)())(see))
        )
        try:
            test()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            (work / "found-hypothesis").write_bytes(last)
            print(f"found: {type(error).__name__}: {error}".splitlines()[0])
            print(f"inputs {count}")
            raise
    print(f"inputs {count}")


if __name__ == "__main__":
    sys.exit(main())
