"""Fields that several messages share: their form is checked by the decoders and told by `/asyncapi.json`."""

from typing import Annotated

from pydantic import ConfigDict, Field, Strict, WithJsonSchema

DOCUMENTED = ConfigDict(use_attribute_docstrings=True)
"""For the types of messages: what stands under a field is told by the document."""

UuidText = Annotated[
    str,
    Strict(),
    Field(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        min_length=36,
        max_length=36,
    ),
]
"""A UUID in its canonical lower-case form (RFC 9562 §4)."""
Milliseconds = Annotated[int, Strict(), Field(ge=0, lt=2**48)]
"""UTC since 1970."""
Seconds = Annotated[int, Strict(), Field(ge=0, lt=2**40)]
"""UTC since 1970."""
Count = Annotated[int, Strict(), Field(ge=0, lt=2**53)]
Difference = Annotated[int, Strict(), Field(gt=-(2**53), lt=2**53)]
"""A number that may be negative, as large as every JSON reader keeps it exact (RFC 8259 §6)."""
Digest = Annotated[str, Strict(), Field(pattern=r"^[A-Za-z0-9_-]{43}$", min_length=43, max_length=43)]
"""A SHA-256 in base64url without padding."""
Text = Annotated[str, Strict(), Field(max_length=512)]
ShortText = Annotated[str, Strict(), Field(max_length=64)]
OperatorText = Annotated[str, Strict(), Field(pattern=r"^[A-Z]{2}\*[A-Z0-9]{3}$", min_length=6, max_length=6)]
"""An operator: country, `*`, party."""
DoorText = Annotated[str, Strict(), Field(pattern=r"^[a-z0-9-]{1,32}/[a-z0-9-]{1,32}$", max_length=65)]
"""A door: venue, `/`, door."""
Version1 = Annotated[int, Strict(), Field(ge=1, le=1), WithJsonSchema({"type": "integer", "const": 1})]
"""The number 1 and no other; `true` is not 1 here, as pydantic's `Literal[1]` would have it."""
