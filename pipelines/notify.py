"""Telling somebody how a refresh went: a command, an address, or both.

Does not belong here: what is told. Nothing here raises: whoever tells is never stopped by it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress

from pipelines.operation import Notify


def notify(text: str, settings: Notify) -> list[str]:
    """Hand a JSON text to the command and to the address that are set.

    Parameters
    ----------
    text : str
        The summary.
    settings : Notify
        Whom to tell, and how long each may take.

    Returns
    -------
    list of str
        What went wrong, in words; empty where all were told, or nobody is to be.
    """
    faults = []
    if settings.command:
        faults.append(_command(text, settings))
    if settings.webhook:
        faults.append(_webhook(text, settings))
    return [f for f in faults if f]


def _command(text: str, settings: Notify) -> str:
    named = f"the command {settings.command[0]!r}"
    try:
        # In a session of its own: what it starts ends with it when its time is up.
        with subprocess.Popen(
            settings.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as running:
            try:
                _, said = running.communicate(text, timeout=settings.seconds)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)
                return f"{named} took longer than {settings.seconds:g} s"
    except Exception as error:
        return f"{named} could not be run ({error})"
    if running.returncode:
        return f"{named} ended with exit code {running.returncode}: {said.strip()[-500:]}"
    return ""


def _webhook(text: str, settings: Notify) -> str:
    import requests

    # The address itself may be a secret, so no message names more of it than its host.
    host = settings.webhook.split("://")[-1].split("/")[0].rpartition("@")[2]
    try:
        reply = requests.post(
            settings.webhook,
            data=text.encode(),
            headers={"Content-Type": "application/json"},
            timeout=settings.seconds,
            allow_redirects=False,
        )
    except Exception as error:
        return f"the webhook at {host} gave no answer ({type(error).__name__})"
    return "" if reply.ok else f"the webhook at {host} answered HTTP {reply.status_code}"
