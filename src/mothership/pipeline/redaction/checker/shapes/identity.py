"""What looks to the check as if it said who somebody is: asked only where the group `identity` is on.

Numbers with a check digit are told by it, whatever stands before them where a dozen of digits in that form hardly pass
by chance; all others by a word that stands near, in no particular grammar.
"""
# ruff: noqa: E501 - an expression reads best in one piece

from collections.abc import Callable, Iterator

from mothership.pipeline.redaction.checker.personal_validators import is_somebody
from mothership.pipeline.redaction.checker.shape_match import Context
from mothership.pipeline.redaction.checker.shape_scanner import Shape, forms
from mothership.pipeline.redaction.rules import check_digits

_L, _R = r"(?:^|[^0-9A-Za-z_.-])", r"(?:$|[^0-9A-Za-z_-])"
_NEAR = r"[^0-9\n]{0,24}?"


def _checked(valid: Callable[[str], bool]) -> Callable[[Context], bool]:
    return lambda context: valid(context.value)


def _numbers(sign: str, number: str, valid: Callable[[str], bool]) -> Iterator[Shape]:
    """Return the shape of a number that tells of itself."""
    return forms("national id", "national_id", sign, (rf"{_L}(?P<v>{number}){_R}", _checked(valid)))


def _near(words: str, number: str, valid: Callable[[str], bool]) -> Iterator[Shape]:
    """Return the shape of a number that tells something near a word."""
    sign = rf"(?i)(?:{words})".replace(r"\b", "")  # in JSON a line's end leaves no sign that a word begins
    return forms("national id", "national_id", sign, (rf"(?i)(?:{words}){_NEAR}(?P<v>{number}){_R}", _checked(valid)))


def _of_digits(context: Context) -> bool:
    return sum(map(str.isdigit, context.value)) > 1


_BIRTH = r"(?:dob|birth|born|geb(?:oren|urtsdatum|oortedatum|\.)|n(?:é|e)e? le|naissance|nacimiento|nascita)"
_DATE = r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/. ]{1,2}(?:[0-9]{1,2}|[a-zä]{3,9}\.?)[-/. ]{1,2}[0-9]{2,4}|[a-z]{3,9} [0-9]{1,2},? [0-9]{4})"
_WHO = r"(?P<v>[A-Za-z0-9_][A-Za-z0-9_.@$\\-]{1,63})"

IDENTITY = (
    *_numbers("[0-9]{7}-?[A-Z]", r"(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-Z]", check_digits.dni),
    *_numbers(
        "[12] ?[0-9]{2} ?[0-9]{2}",
        r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?(?:[0-9]{3} ?){2}[0-9]{2}",
        check_digits.nir,
    ),
    *_numbers(
        "(?i)[a-z]{6}[0-9]{2}[a-z]",
        r"[A-Za-z]{6}[0-9]{2}[A-Za-z][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]",
        check_digits.codice_fiscale,
    ),
    *_numbers("[0-9]{6}[+-][0-9]{4}", r"(?:19|20)?[0-9]{6}[-+][0-9]{4}", check_digits.personnummer),
    *_numbers("[0-9]{6}[A+-][0-9]{3}[0-9A-Y]", r"[0-3][0-9]{5}[-+A][0-9]{3}[0-9A-FHJ-NPR-Y]", check_digits.hetu),
    *_numbers(
        r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-", r"(?:[0-9]{2}\.){2}[0-9]{2}-[0-9]{3}\.[0-9]{2}", check_digits.rijksregister
    ),
    *_numbers(r"756\.[0-9]{4}", r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", check_digits.ahv),
    *_numbers(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-", r"(?:[0-9]{3}\.){2}[0-9]{3}-[0-9]{2}", check_digits.cpf),
    *_numbers("[1-8][0-9]{16}", r"[1-8][0-9]{16}[0-9Xx]", check_digits.resident_id),
    *_near("bsn|burgerservicenummer", "[0-9]{9}", check_digits.bsn),
    *_near("steuer|idnr", r"[0-9]{2}(?: ?[0-9]{3}){3}", check_digits.steuer_id),
    *_near("pesel", "[0-9]{11}", check_digits.pesel),
    *_near("cpf", "[0-9]{11}", check_digits.cpf),
    *_near("aadhaa?r|uidai", "[0-9]{4}(?:[ -]?[0-9]{4}){2}", check_digits.aadhaar),
    *_near(r"\bsin\b|social insurance", "[0-9]{3}(?:[ -]?[0-9]{3}){2}", check_digits.luhn_number),
    *forms(
        "national id",
        "national_id",
        r"(?i)(?:nino?|national insurance)[^\n]*[a-z]{2} ?[0-9]{2} ?[0-9]{2}",
        (rf"(?i)(?:\bnino?\b|national insurance){_NEAR}[a-z]{{2}}(?: ?[0-9]{{2}}){{3}} ?[a-d]{_R}", None),
    ),
    *forms(
        "passport number",
        "passport",
        "(?i)(?:passport|reisepass|paspoort|passeport|pasaporte|passaporto)",
        (
            rf"(?i)(?:passport|reisepass|paspoort|passeport|pasaporte|passaporto)(?:[ _-]?(?:number|nummer|num|no|nr|id)\.?)?\W{{1,4}}(?P<v>[0-9a-z]{{6,9}}){_R}",
            _of_digits,
        ),
    ),
    *forms(
        "passport number",
        "passport",
        "<<|[0-9]{7}[FMX<][0-9]{7}",
        (r"[0-9A-Z<]{9}[0-9][A-Z<]{3}[0-9]{7}[FMX<][0-9]{7}", None),
        (r"[PV][A-Z<][A-Z<]{3}[A-Z]{1,30}<<[A-Z<]{6,36}", None),
    ),
    *forms(
        "driving licence",
        "driving_licence",
        "(?i)(?:licen[cs]e|hrerschein|rijbewijs|permis)",
        (
            r"(?i)(?:driv(?:ing|er'?s?)[ _-]?licen[cs]e|f(?:ü|ue)hrerschein|rijbewijs|permis de conduire)(?:[ _-]?(?:number|nummer|num|no|nr)\.?)?\W{1,4}(?P<v>[0-9A-Za-z][0-9A-Za-z-]{5,18})(?:$|[^0-9A-Za-z_-])",
            _of_digits,
        ),
    ),
    *forms(
        "date of birth",
        "date_of_birth",
        rf"(?i){_BIRTH}",
        (rf"(?i){_BIRTH}[^0-9\n]{{0,16}}?(?P<v>{_DATE})(?:$|[^0-9])", None),
    ),
    *forms(
        "subscriber",
        "subscriber",
        r"(?i)(?:imei|imsi|iccid|cgsn|\+gsn|sim)",
        (rf"(?i)(?:imei(?:sv)?|cgsn|\+gsn){_NEAR}(?P<v>[0-9]{{15}}){_R}", _checked(check_digits.luhn_number)),
        (rf"(?i)imsi{_NEAR}[2-7][0-9]{{13,14}}{_R}", None),
        (rf"(?i)(?:iccid|\bsim\b){_NEAR}89[0-9]{{17,18}}{_R}", None),
    ),
    *forms(
        "position",
        "position",
        r"[0-9]\.[0-9]{4}[0-9]*, ?-?[0-9]",
        (r"(?:^|[^0-9A-Za-z_.,-])-?[0-9]{1,2}\.[0-9]{4,15}, ?-?1?[0-9]{1,2}\.[0-9]{4,15}(?:$|[^0-9.,])", None),
    ),
    *forms(
        "position",
        "position",
        r"(?i)(?:lat|lon|lng)",
        (r"(?i)(?:^|[^a-z])(?:lat|lon|lng|long)(?:itude)?\W{1,4}-?[0-9]{1,3}\.[0-9]{3,15}(?:$|[^0-9.])", None),
    ),
    *forms(
        "login name",
        "login_name",
        r"(?i)(?:user|login|account name|logname|acct|authid|for)",
        (rf"(?i)(?:accepted|failed|postponed) [a-z/-]{{3,30}} for (?:invalid user )?{_WHO} from ", is_somebody),
        (
            rf"(?i)(?:invalid user|by (?:authenticating|invalid) user|from (?:authenticating |invalid )?user|(?:session [^\n]{{0,20}}|failures?|password[^\n]{{0,12}}) (?:for|of) user) {_WHO}",
            is_somebody,
        ),
        (rf"(?i)(?:^|[^a-z])(?:l?r?user|logname|acct|sasl_username|authid|login)=[<\"]?{_WHO}", is_somebody),
        (rf"(?i)(?:account name|user ?name):\s{{1,8}}{_WHO}", is_somebody),
        (rf"\[{_WHO}\] (?:OK|FAIL) LOGIN", is_somebody),
    ),
    *forms(
        "login name",
        "login_name",
        r"(?:sudo|su|doas|CRON)",
        (rf"(?:sudo|su|doas)(?:\[[0-9]{{1,9}}\])?: {{1,6}}{_WHO} : ", is_somebody),
        (rf"CRON\[[0-9]{{1,9}}\]: \({_WHO}\) CMD", is_somebody),
    ),
)
