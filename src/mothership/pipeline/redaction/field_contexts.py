"""What a field's name says of its value, put before the value as a text would have it: `account_number=4410982271`.

So the rules for texts are those for fields, too. Most names say nothing to any rule, and which do is asked once for
each, with values of every kind behind it.
"""

from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, TypeAlias

from mothership.pipeline.redaction.automata import Hits
from mothership.pipeline.redaction.digit_shapes import SHAPE, encodable
from mothership.pipeline.redaction.field_names import fold
from mothership.pipeline.redaction.part_scan import plain_json
from mothership.pipeline.redaction.remembered import make_room
from mothership.pipeline.redaction.rules import BUILTIN
from mothership.pipeline.redaction.surroundings import (
    CODE_CONTEXT,
    NAME_CHARACTERS_MAX,
    NUMBER_CONTEXT,
    Surroundings,
    names_above,
)
from mothership.pipeline.redaction.text import ActiveRule

PHONE_NAMES = ("phone", "phonenumber", "telephone", "mobile", "mobilenumber", "msisdn", "fax", "callerid")
SESSION_NAMES = ("sessionid", "sessid")
CARD_NAMES = ("pan", "card", "cardno", "ccn", "ccnum", "ccnumber")
PEER_NAMES = frozenset(
    ("waid", "caller", "called", "callee", "calling", "callernumber", "callednumber", "callingnumber", "calleridnum")
)
"""What machines call the ends of a call, and other things: only a number with its country's code is one."""
ENDS = frozenset(("to", "from", "sender", "receiver", "src", "dst", "source", "destination"))
"""Who a message goes to, and many other things: only a text of digits, with its country's code and no date, is one."""
NUMBER_NAMES = frozenset(("number", "no", "nr", "value", "home", "work", "private"))
"""What a part of an object is called that may be of a telephone: what stands above it says so."""
PHONE_CONTEXT = "phone="
PEER_CONTEXT = "wa_id="
END_CONTEXT = "message_peer="
OF_TEXTS = frozenset((END_CONTEXT, NUMBER_CONTEXT))
"""Before these stands no number, which may be any."""
CARD_CONTEXT = "card="
SESSION_CONTEXT = "sessionid="
AUTH_CONTEXT = "auth="
NAMES_REMEMBERED = 4_096
NAMES_UNKNOWN_MAX = 4 * NAMES_REMEMBERED
"""Names that a full memory doesn't know before it forgets half of those it does. To learn one takes as long as to read
some values with their names, so of a flood of names one in nine is learned."""
VALUE_CHARACTERS_MAX = 512
"""Longer is a text, which says by itself what it holds."""

_PROBES = (
    *("000", "0000", "000000", "00000000", "0000000000", "000000000000", "0000000000000000", "00-00-00", "000 000"),
    *(
        "0000 0000 0000 0000",
        "+00 000 000 000",
        "0000-00-00",
        "00000-00000",
        "X00000000",
        "0a00-b0c0",
        "AB0C-D0EF-00GH",
    ),
    *("Kq0xZt0!", "kq0xzt", "bob:Kq0xZt0!", "kqzt wvxp rnbm gjdl", "0a0b0c0d0e0f00000a0b0c0d0e0f0000"),
    *("aB0dEf0hIjKqX0tZ0wVpRnBm", "aB0dEf0hIjKqX0tZ0wVpRnBmaB0dEf0hIjKqX0t0==", "ABCDEFGHJKLMNPQRSTUVWXYZABCDEFGH"),
    *("0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d", "0a0b0c0d0e0f00000a0b0c0d0e0f00000a0b0c0d", "aa:bb:cc:dd:ee:ff:00:11"),
)
"""Values of every kind that rules look for behind a name: of figures, of words, and such as programs make."""

_READING_NAMES = frozenset(rule.name for rule in BUILTIN)
_OF_TEXTS_ALONE = "assignment"
"""The rule for names that say secret reads no number: of those DropFields tells, with more care."""

InShape: TypeAlias = Callable[[bytes], Hits]
"""Tells which rules may find something in a text that has a 0 for every digit."""


class FieldContexts:
    """Which names say to some rule what their values are."""

    def __init__(self, in_shape: InShape | None, rules: Iterable[ActiveRule]) -> None:
        """Without anything to ask only the names that stand here for one another say something."""
        self._in_shape = in_shape
        reading = [rule for rule in rules if rule.name in _READING_NAMES]
        self.owners: Hits = frozenset(rule.owner for rule in reading)
        """The rules that read a field's name and value together."""
        self.owners_of_numbers: Hits = frozenset(rule.owner for rule in reading if rule.name != _OF_TEXTS_ALONE)
        self._without = self._hits("x")
        self._known: dict[str, str] = {}
        self._unknown = 0
        """Names that were asked for since there is no room."""

    def of(self, name: str) -> str:
        """Return what stands before the value of a field of this name for the rules to read; empty: nothing."""
        known = self._known.get(name)
        if known is None:
            if self._is_flooded():
                return self._unlearned(name)
            known = self._known[name] = self._learn(name)
        return known

    def _is_flooded(self) -> bool:
        """Tell whether there is no room for another name, and make some when that has been so for long."""
        if len(self._known) < NAMES_REMEMBERED:
            return False
        self._unknown += 1
        if self._unknown <= NAMES_UNKNOWN_MAX:
            return True
        self._unknown = 0
        make_room(self._known, NAMES_REMEMBERED)
        return False

    def _unlearned(self, name: str) -> str:
        """Return what stands before the value of a field whose name may say something: each value tells."""
        alias = _alias(fold(name))
        return alias if alias or self._in_shape is None else f"{name[-NAME_CHARACTERS_MAX:]}="

    def in_part(self, part: bytes) -> bytes:
        """Return the last field of a part of an event, `name":"value"`, as the text that the rules are asked of."""
        head, sign, value = part.rpartition(b'":')
        if not sign or head[-1:] == b"\\" or len(value) > VALUE_CHARACTERS_MAX or value[:1] == b"{":
            return b""
        context = self.of(head.rpartition(b'"')[2].decode(errors="replace"))
        value = value.removeprefix(b"[")
        if not context or value[:1] in {b"{", b"["} or (context in OF_TEXTS and value[:1] != b'"'):
            return b""
        text = value.strip(b'"}]')
        if (len(text) - len(text.rstrip(b"\\"))) % 2:
            text += b'"'  # which the backslash says is the text's own
        return b'"%b%b"' % (context.encode(), plain_json(text))

    def texts_of(
        self, key: str, value: Any, around: Surroundings | None = None, parent: str = ""
    ) -> Iterator[str | None]:
        """Yield all texts of an item that the rules are asked of, and None for a number that its digits don't tell.

        `around` is what stands there around the item, and `parent` holds the names above: they tell that a number is no
        telephone's, and so do those of all objects of that shape.
        """
        yield key
        kind = type(value)
        if kind is str or kind is int:
            yield str(value)
            context = self.of(key) if is_bare(value) else ""
            if context == NUMBER_CONTEXT and around is not None and not around.tell(context):
                return
            if context and (context not in OF_TEXTS or kind is str):
                yield f"{context}{value}"
        else:
            if kind is list and value and is_bare(value[0]) and (context := self.of(key)):
                yield f"{context}{value[0]}"
            yield from self._texts_in(value, names_above(parent, fold(key)))

    def _texts_in(self, value: Any, parent: str) -> Iterator[str | None]:
        kind = type(value)
        if kind is dict:
            around = Surroundings(value, parent)
            for key, inner in value.items():
                yield from self.texts_of(key, inner, around, parent)
        elif kind is list:
            for inner in value:
                yield from self._texts_in(inner, parent)
        elif kind is float:
            yield None if "e" in repr(value) or not isfinite(value) else str(int(value))
        elif kind is str or kind is int:
            yield str(value)

    def _learn(self, name: str) -> str:
        alias = _alias(fold(name))
        if alias or self._in_shape is None or len(name) > NAME_CHARACTERS_MAX:
            return alias
        return f"{name}=" if self._hits(name) - self._without else ""

    def _hits(self, name: str) -> Hits:
        if self._in_shape is None:
            return frozenset()
        text = "\n".join([f"{name}={probe}" for probe in _PROBES])
        return self._in_shape(f'"{encodable(text)}"'.encode().translate(SHAPE)) & self.owners


def is_bare(value: Any) -> bool:
    """Tell whether a value is looked at with its name before it."""
    kind = type(value)
    return kind is int or (kind is str and len(value) <= VALUE_CHARACTERS_MAX and value[:1] not in {"{", "["})


def _alias(folded: str) -> str:
    """Return what a name means that no rule knows as it is spelled."""
    if folded.endswith(PHONE_NAMES) or folded in _TELEPHONES:
        return PHONE_CONTEXT
    if folded == "sid" or folded.endswith(SESSION_NAMES):
        return SESSION_CONTEXT
    return _ALIASES.get(folded, "")


_TELEPHONES = frozenset(f"{whose}tel" for whose in ("", "home", "work", "office", "mobile", "private", "contact"))
_ALIASES = {
    "auth": AUTH_CONTEXT,
    "code": CODE_CONTEXT,
    **dict.fromkeys(CARD_NAMES, CARD_CONTEXT),
    **dict.fromkeys(NUMBER_NAMES, NUMBER_CONTEXT),
    **dict.fromkeys(ENDS, END_CONTEXT),
    **dict.fromkeys(PEER_NAMES, PEER_CONTEXT),
}
