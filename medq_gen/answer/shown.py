"""The pictures of a run on their way to a model: lossless PNG by default, JPEG where asked for."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, get_args

from PIL import Image

from medq_gen.export.content import Content

Encoding = Literal["png", "jpeg"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures by the key of their record, as they are sent: 8 bits, grey or colour, no edge under 224 px (see export.pictures).

    JPEG loses detail that mild levels consist of: it is there to compare with tools that send it. The digest of what is sent, not of what is stored, decides a
    reply; it is worked out once a picture.
    """

    content: Content
    encoding: Encoding = "png"
    quality: int = 75
    _digests: dict[str, str] = field(default_factory=dict)

    def bytes_of(self, key: str) -> bytes:
        """The bytes that are sent."""
        png = self.content.picture(key)
        if self.encoding == "png":
            return png
        stream = io.BytesIO()
        Image.open(io.BytesIO(png)).save(stream, format="JPEG", quality=self.quality)
        return stream.getvalue()

    def digest(self, key: str) -> str:
        """SHA-256 of the bytes that are sent, with their kind."""
        if key not in self._digests:
            self._digests[key] = f"{self.encoding}:{sha256(self.bytes_of(key)).hexdigest()}"
        return self._digests[key]

    def data_url(self, key: str) -> str:
        """The picture as a data URL."""
        return f"data:image/{self.encoding};base64,{base64.b64encode(self.bytes_of(key)).decode('ascii')}"
