"""What stands beside and above a field, where its own name does not say what its value is."""

import re
from typing import Any

NUMBER_CONTEXT = "telephone="
"""Of a `number`, where something beside it or above says that it is a telephone's."""
CODE_CONTEXT = "otp code="
"""Of a `code`, where something beside it says that it is for a login: most are an error's or a country's."""
NAME_CHARACTERS_MAX = 64
_OF_PHONE = re.compile(
    r"phone|mobile|telefoon|telefon|msisdn|whatsapp|callee|caller|(?<![a-z])(?:tel|sms|fax|gsm|cell|handy|sip)(?![a-z])",
    re.IGNORECASE,
)
_FOR_LOGIN = re.compile(
    r"otp|2fa|mfa|verif|(?<![a-z])sms|one.?time|sign.?(?:in|up)|login.?code|auth.?code|passcode|phone|msisdn",
    re.IGNORECASE,
)

_LOGINS = frozenset(("login", "lock", "pin", "auth", "challenge", "pairing", "twofactor", "door", "alarm"))
_PARTIES = frozenset(("to", "from", "party", "contact", "subscriber"))


class Surroundings:
    """What stands beside the fields of one object, and above it: it says what a code is for, and whose a number is.

    Each is asked once, for an object may have thousands of fields that ask.
    """

    __slots__ = ("_for_login", "_of_phone", "_parent", "_siblings")

    def __init__(self, siblings: dict[str, Any], parent: str) -> None:
        """`parent` holds the folded names of the fields that hold the object."""
        self._siblings, self._parent = siblings, parent
        self._for_login: bool | None = None
        self._of_phone: bool | None = None

    def tell(self, context: str) -> bool:
        """Tell whether what this stands for is what a field means: for a login, of a telephone. Else it always is."""
        if context == CODE_CONTEXT:
            if self._for_login is None:
                self._for_login = self._say(_FOR_LOGIN, _LOGINS, names=True)
            return self._for_login
        if context == NUMBER_CONTEXT:
            if self._of_phone is None:
                self._of_phone = self._say(_OF_PHONE, _PARTIES, names=False)
            return self._of_phone
        return True

    def _say(self, expression: re.Pattern[str], above: frozenset[str], *, names: bool) -> bool:
        if expression.search(self._parent) or not above.isdisjoint(self._parent.split()):
            return True
        values = self._siblings.values()
        short = [each for each in values if type(each) is str and len(each) <= NAME_CHARACTERS_MAX]
        return any(map(expression.search, (*self._siblings, *short) if names else short))


def names_above(parent: str, folded: str) -> str:
    """Return the names of the fields that hold what stands in this one: the nearest of them, folded."""
    return f"{parent[-NAME_CHARACTERS_MAX:]} {folded}"
