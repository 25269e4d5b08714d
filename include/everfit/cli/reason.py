"""Why: what a person says for the ledger."""

from __future__ import annotations

import argparse


def ask_for_reason(parser: argparse.ArgumentParser, what: str) -> None:
    """The argument `--reason` of a command that decides something; a blank one is none."""
    parser.add_argument("--reason", required=True, type=_said, help=what)


def _said(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError(f"found {text!r}, wanted a few words that say why: they are kept for good")
    return text
