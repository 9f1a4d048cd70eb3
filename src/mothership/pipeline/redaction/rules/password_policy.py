"""What a page says a password has to be: `Password: at least 8 characters`, `Passwort: mind. 12 Zeichen`."""
# ruff: noqa: RUF001 - an expression reads best in one piece, and these are the signs that people write

import re

_LIMIT = (
    r"(?:at\sleast|at\smost|up\sto|min(?:\.|imum|imal|imaal|imo|imalt)?|max(?:\.|imum|imal|imaal|imo|imalt)?|between|exactly|from|of|with"
    r"|mindestens|mind\.|wenigstens|höchstens|m[íi]n(?:\.|imo)?|m[áa]x(?:\.|imo)?|al\smenos|como\smínimo|entre|au\smoins|au\sminimum|almeno|pelo\smenos|no\smínimo"
    r"|minst|mindst|vähintään|co\snajmniej|alespoň|nejméně|aspoň|najmenej|legalább|en\saz|cel\spuțin|минимум|не\sменее|от|щонайменше|не\sменше|τουλάχιστον|ít\snhất|tối\sthiểu|最少|至少|最低)"
)
_OF_WHAT = (
    r"(?:char(?:acter)?s?|letters?|digits?|symbols?|zeichen|ziffern?|stellen|car[aá]ct[eè]res?|caratteri|cifre|chiffres|dígitos|tekens|cijfers|tecken|siffror|tegn|merkkiä|merkki|znak\w{0,2}|znakov|znaków|cyfr\w?|číslic\w?"
    r"|karakter\w{0,3}|rakam|szám\w{0,3}|caractere|символ\w{0,3}|знак\w{0,3}|букв\w{0,2}|цифр\w{0,2}|χαρακτήρες|ký\stự|文字|字|桁|位|자|글자|days?|tage|jours|días|dagen|dni|дн\w{0,2})"
)
_POLICY = re.compile(
    rf"\W?(?:{_LIMIT}\s(?:de\s|di\s)?){{0,2}}[0-9]{{1,3}}(?:\+|\s?(?:[-–—~〜]|to|bis|à|a|and|und|et|y|e|en|to)\s?[0-9]{{1,3}})?\+?[\s-]?{_OF_WHAT}(?!\w)",
    re.IGNORECASE,
)


def says_policy(text: str, at: int) -> bool:
    """Tell whether what stands here is how long a password has to be, and none."""
    return _POLICY.match(text, at) is not None
