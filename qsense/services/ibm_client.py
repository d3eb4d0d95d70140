"""How qsense listens to IBM's client: its errors in one line, its warnings collected, no credentials in either."""

from __future__ import annotations

import logging
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from qsense.errors import ArgumentError
from qsense.services.protocol import ServiceError
from qsense.services.secrecy import ScrubbingFilter, scrubbed

T = TypeVar("T")
PAUSES_S = (1.0, 2.0, 4.0)
"""Waited before a question is asked again that the network or a busy service left open. Nothing is sent again."""


def asked(question: Callable[[], T]) -> T:
    """Returns the answer to a question that may be asked again without harm."""
    for pause in PAUSES_S:
        try:
            return question()
        except ServiceError as error:
            if not error.transient:
                raise
            time.sleep(pause)
    return question()


def quietly(question: Callable[[], T], said: list[str]) -> T:
    with explained(), collected(said):
        return question()


def connected(make: Callable[[], T], said: list[str]) -> T:
    """Returns a client, if it got an access token.

    Without one the client goes on with warnings, takes the account for empty, and every later request waits a minute.
    """
    warned: list[str] = []
    client = quietly(make, warned)
    for line in warned:
        if "Unable to retrieve IBM Cloud access token" in line:
            refused = re.search(r"Status code: 4\d\d", line) is not None
            raise _refused(line) if refused else _unwell(line, definitive=True, transient=True)
    said.extend(warned)
    return client


def _refused(text: str) -> ServiceError:
    return ServiceError(
        "The service refused the credentials; save an account with QiskitRuntimeService.save_account, or set "
        f"QISKIT_IBM_TOKEN. It said: {text}",
        definitive=True,
        transient=False,
    )


def _unwell(text: str, definitive: bool, transient: bool) -> ServiceError:
    return ServiceError(f"The service did not answer as it should: {text}", definitive, transient)


@contextmanager
def collected(said: list[str]) -> Iterator[None]:
    """Collects the client's warnings, without credentials; its own deprecations are for whoever keeps qsense."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for warning in caught:
                line = scrubbed(str(warning.message), known_secrets())
                if not issubclass(warning.category, DeprecationWarning) and line not in said:
                    said.append(line)


@contextmanager
def explained() -> Iterator[None]:
    """Turns whatever the vendor's client raises into a ServiceError of one line without credentials."""
    from qiskit_ibm_runtime.accounts import AccountNotFoundError

    try:
        yield
    except (ServiceError, ArgumentError):
        raise
    except AccountNotFoundError:
        raise ServiceError(
            "No IBM Quantum account is saved; save one with QiskitRuntimeService.save_account(token=…), or set "
            "QISKIT_IBM_TOKEN.",
            definitive=True,
            transient=False,
        ) from None
    except Exception as error:  # the client lets errors of several libraries through
        code = _status(error)
        text = scrubbed(str(error), known_secrets())[:300] or type(error).__name__
        refused = code is not None and 400 <= code < 500
        if code in (401, 403) or (refused and "API token" in text):
            raise _refused(text) from None
        raise _unwell(text, definitive=refused, transient=not refused or code == 429) from None


def _status(error: BaseException | None) -> int | None:
    """The HTTP status behind an error: the client passes some on as text alone."""
    while error is not None:
        for name in ("status_code", "code", "http_status"):
            code = getattr(error, name, None)
            if isinstance(code, int) and code >= 400:
                return code
        if found := re.search(r"\b([45]\d\d) (?:Client|Server) Error", str(error)):
            return int(found[1])
        error = error.__cause__ or error.__context__
    return None


def known_secrets() -> list[str]:
    """The tokens of all saved accounts, so that none of them appears in a message."""
    from qiskit_ibm_runtime import QiskitRuntimeService

    try:
        accounts = QiskitRuntimeService.saved_accounts().values()
    except Exception:  # a damaged store is told of elsewhere
        return []
    return [str(account["token"]) for account in accounts if account.get("token")]


def guard_the_log() -> None:
    """Lets the client's log say errors only, unless the user asks for more, and never a credential."""
    logger = logging.getLogger("qiskit_ibm_runtime")
    if not os.environ.get("QISKIT_IBM_RUNTIME_LOG_LEVEL"):
        logger.setLevel(logging.ERROR)
    for handler in logger.handlers:
        if not any(isinstance(one, ScrubbingFilter) for one in handler.filters):
            handler.addFilter(ScrubbingFilter(known_secrets))
