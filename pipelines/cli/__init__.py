"""The command `loyalty-etl`.

Exit codes: 0 all accepted, 1 usage or configuration, 2 network or server (resume, or run it
again), 3 the run failed, 4 finished with rejects, 5 something is in doubt or held. Commands import
what they need when they run, so that help and the small ones answer at once.
"""

import gc
import os
import sys
from pathlib import Path

import click

from pipelines.cli.alerts import alerts
from pipelines.cli.bundling import support_bundle
from pipelines.cli.checking import check
from pipelines.cli.demo import demo
from pipelines.cli.doctoring import doctor
from pipelines.cli.endpoints import endpoints
from pipelines.cli.explaining import explain
from pipelines.cli.exports import exports
from pipelines.cli.feeds import feeds
from pipelines.cli.forgetting import forget
from pipelines.cli.functions import functions
from pipelines.cli.guessing import guess
from pipelines.cli.ids import ids
from pipelines.cli.inbox import inbox
from pipelines.cli.metrics import metrics
from pipelines.cli.migrating import migrate
from pipelines.cli.nightly import nightly
from pipelines.cli.previewing import preview
from pipelines.cli.reporting import report
from pipelines.cli.resolving import resolve
from pipelines.cli.results import results
from pipelines.cli.resuming import resume
from pipelines.cli.retrying import retry
from pipelines.cli.running import export, plan, run
from pipelines.cli.runs import runs
from pipelines.cli.serving import sample_data, sandbox
from pipelines.cli.status import status
from pipelines.cli.undoing import undo
from pipelines.cli.validating import validate
from pipelines.cli.workbench import workbench

USAGE = 1


def _log_json(_context: click.Context, _parameter: click.Parameter, where: str | None) -> None:
    """Hand it on as a setting, to the processes that a command starts too."""
    if where:
        os.environ["LOYALTY_ETL_LOG"] = "json" if where == "-" else str(Path(where).resolve())


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="loyalty-etl")
@click.option(
    "--log-json",
    metavar="FILE",
    callback=_log_json,
    expose_value=False,
    help="Write what happens as JSON lines to the end of this file, or to stderr if it is -.",
)
def cli() -> None:
    """Move bulk data between files and a loyalty platform's API, both ways."""


COMMANDS = (
    *(
        demo,
        sandbox,
        check,
        feeds,
        guess,
        preview,
        validate,
        plan,
        run,
        resume,
        retry,
        results,
        status,
    ),
    forget,
    support_bundle,
    *(resolve, export, runs, functions, endpoints, sample_data),
    ids,
    *(migrate, undo),
    exports,
    report,
    workbench,
    alerts,
    explain,
    doctor,
    metrics,
    *(inbox, nightly),
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run a command; whatever goes wrong is one line on stderr and an exit code."""
    code = _run()
    if "duckdb" not in sys.modules:  # it complains of what is not collected
        gc.freeze()  # at exit Python looks for garbage in all that Dagster imported: half a second
    sys.exit(code)


def _run() -> int:
    try:
        return cli.main(prog_name="loyalty-etl", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"; see: {context.command_path} --help" if context else ""
        click.echo(f"loyalty-etl: {error.format_message().removesuffix('.')}{hint}", err=True)
        return USAGE
    except click.Abort:
        click.echo("loyalty-etl: stopped", err=True)
        return 130
    except BaseException as error:  # the one place where all of them end
        from pipelines.failures import is_failure

        if not is_failure(error):
            raise
        return _tell(error)


def _tell(error: BaseException) -> int:
    """Print one line for an error; unexpected ones are a fault of ours and go to a file."""
    from pipelines.codes import EXITS, code_of
    from pipelines.failures import classify, keep_trace
    from pipelines.settings import state_dir

    line, kind = classify(error) or (keep_trace(error, state_dir()), "run")
    click.echo(f"loyalty-etl: {line} [{code_of(error)}]", err=True)
    return EXITS[kind]
