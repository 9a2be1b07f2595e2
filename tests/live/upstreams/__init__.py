"""Local upstreams: the replies of each upstream, in its exact form, as data.

One module for each source, with

``replies(edit=lambda data: data)``
    What the upstream answers to the requests of a whole fetch. `edit` is applied to every table of
    figures (the text inside a zip, the CSV inside base64) before it is packed.
``COLUMN``
    A pair of bytes: a column of that table, and the name to which a fault renames it.
``PIECE``
    Index in `replies()` of the reply that carries figures; faults spoil that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer of a local upstream.

    Parameters
    ----------
    path : str
        Path of the request, from the root of the server.
    body : bytes
        What is answered.
    media_type : str
        Its Content-Type.
    method : str
        Of the request.
    query : mapping, optional
        The request's query must be this; any where None.
    json : object, optional
        The request's JSON body must be this; any where None.
    headers : mapping
        Further headers of the answer.
    """

    path: str
    body: bytes
    media_type: str
    method: str = "GET"
    query: Mapping[str, str] | None = None
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
