"""What makes a message from the network unreadable."""


class WireError(ValueError):
    """A payload that is not what its topic carries; `code` is the closed list below.

    Codes: too_large, not_json, bad_field, bad_topic, bad_token, unknown_door, bad_picture.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
