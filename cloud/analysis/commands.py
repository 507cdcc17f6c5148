"""`ecgomics beats`, `delineate` and `rhythm`: one line a beat or a stretch, as they are found."""

import os
import sys
from collections.abc import Iterable
from typing import Annotated, Literal

import typer

from ecgcore.errors import ConfigError

_Source = Annotated[
    str, typer.Argument(metavar="SOURCE", help="- for stdin, or a WFDB record's path.")
]
_Fs = Annotated[float | None, typer.Option("--fs", help="Sampling rate of stdin, Hz.")]
_Lead = Annotated[str | None, typer.Option(help="A record's lead, by name or number.")]
_Chunk = Annotated[int, typer.Option(min=1, help="Samples analysed at a time; changes nothing.")]
_Unit = Annotated[Literal["mV", "uV", "V"], typer.Option(help="Of the samples on stdin.")]


def beats(
    source: _Source,
    fs: _Fs = None,
    chunk: _Chunk = 250,
    lead: _Lead = None,
    unit: _Unit = "mV",
) -> None:
    """Find the beats of one lead: SAMPLE, tab, LABEL (N, S, V, F or Q), in order.

    Stdin is float32, little-endian; a NaN is a sample that is missing. Lines come as the beats are
    classified, some seconds after them.

    Examples: `ecgomics beats --fs 250 - < lead.f32`, `ecgomics beats mitdb/100 --lead MLII`
    """
    from cloud.analysis import inputs, lines

    signal = inputs.signal_of(source, fs_hz=fs, lead=lead, chunk=chunk, unit=unit)
    _print(lines.of_beats(signal))


def delineate(
    source: _Source,
    fs: _Fs = None,
    chunk: _Chunk = 250,
    lead: _Lead = None,
    unit: _Unit = "mV",
    u: Annotated[bool, typer.Option("--u", help="Add the columns u_on u u_off.")] = False,
) -> None:
    """Find the waves of each beat of one lead: a header, then one tab-separated row a beat.

    Columns are sample indices: p_on p p_off qrs_on r qrs_off t_on t t_off; empty where there is no
    such wave.

    Examples: `ecgomics delineate --fs 500 - < lead.f32`, `ecgomics delineate ludb/1 --lead ii`
    """
    from cloud.analysis import inputs, lines

    signal = inputs.signal_of(source, fs_hz=fs, lead=lead, chunk=chunk, unit=unit)
    _print(lines.of_waves(signal, u))


def rhythm(
    source: _Source,
    fs: _Fs = None,
    chunk: _Chunk = 250,
    lead: _Lead = None,
    unit: _Unit = "mV",
    beats: Annotated[
        bool, typer.Option("--beats", help="SOURCE holds SECONDS, tab, LABEL a line instead.")
    ] = False,
) -> None:
    """Find the rhythms of one lead: START, END, LABEL, CONFIDENCE, tab-separated.

    Times are sample indices; with --beats they are seconds. Base rhythms (sinus rhythm, atrial
    fibrillation, noise ...) follow each other without a hole; patterns (bigeminy, couplets, pauses
    ...) lie over them. Lines come when a stretch ends.

    Examples: `ecgomics rhythm --fs 250 - < lead.f32`, `ecgomics rhythm mitdb/201`,
    `ecgomics rhythm --beats - < beats.tsv`
    """
    from cloud.analysis import inputs, lines

    if not beats:
        signal = inputs.signal_of(source, fs_hz=fs, lead=lead, chunk=chunk, unit=unit)
        _print(lines.of_rhythms(signal))
        return
    if fs is not None or lead is not None:
        msg = "--beats: beats have times, not samples; --fs and --lead do not go with it"
        raise ConfigError(msg)
    with inputs.opened(source) as file:
        _print(lines.of_rhythms_of_beats(inputs.read_beats(file)))


def _print(found: Iterable[str]) -> None:
    """Print each line as it is found, so that a reader of the pipe follows live."""
    try:
        for line in found:
            print(line, flush=True)
    except BrokenPipeError as error:
        # The reader has seen enough, as `head` does; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from error
