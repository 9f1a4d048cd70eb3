"""Rules for what says who somebody is. Off by default, on by one word: `rules: {identity: true}`."""
# ruff: noqa: E501 - an expression reads best in one piece

from collections.abc import Callable

from mothership.pipeline.redaction.rules import check_digits
from mothership.pipeline.redaction.rules.rule import Matcher, Rule

GROUP = "identity"
FIELDS = tuple(
    """
    user username user_name userid login logon logname account account_name samaccountname targetusername subjectusername
    targetoutboundusername user.name user.full_name user.id userprincipalname upn first_name firstname given_name
    last_name lastname surname family_name full_name fullname display_name displayname patient_name customer_name street
    street_address address home_address postal_address address_line1 address_line2 date_of_birth dob birthdate birth_date
    birthday passport passport_number national_id tax_id driving_licence driver_license imei imsi iccid
    """.split()  # noqa: SIM905 - words read best as text
)
"""Names of fields whose values become pseudonyms where the group is on."""

_L, _R = r"(?<![0-9A-Za-z_.-])", r"(?![0-9A-Za-z_-])"
_NUMBER = r"(?:[ _-]?(?:number|nummer|num|no|nr|id)\.?)?[\"']?\s?(?:is|war|=|:|#)?\s?[\"']?"
"""What stands between a word and its number."""


def _rule(
    name: str,
    description: str,
    source: str,
    matchers: tuple[Matcher, ...],
    positives: tuple[tuple[str, str], ...],
    *negatives: str,
) -> Rule:
    return Rule(name, description, source, matchers, positives, negatives, default=False, group=GROUP)


def _beside(words: str, number: str, valid: Callable[[str], bool] | None = None) -> Matcher:
    """Make a matcher of a number that says nothing without a word before it."""
    return Matcher(rf"(?<![0-9A-Za-z])(?:{words}){_NUMBER}(?P<secret>{number}){_R}", valid, ignore_case=True)


NATIONAL_ID = _rule(
    "national_id",
    "National ids with their check digits: Spain, France, Italy, Sweden, Finland, Belgium, Switzerland, Brazil and China as they "
    "are; the Netherlands, Germany, Poland, Canada and India, the United Kingdom's and a plain Brazilian one beside their name.",
    "the issuers' definitions: BSN, DNI and NIE, NIR, codice fiscale, PESEL, steuerliche Identifikationsnummer, personnummer, HETU, rijksregisternummer, AHV, CPF, GB 11643, Aadhaar, SIN, NINO",
    (
        Matcher(_L + r"(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-HJ-NP-TV-Z]" + _R, check_digits.dni),
        Matcher(
            _L + r"[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-4][0-9]) ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}" + _R,
            check_digits.nir,
        ),
        Matcher(
            _L + r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]" + _R,
            check_digits.codice_fiscale,
            ignore_case=True,
        ),
        Matcher(_L + r"(?:19|20)?[0-9]{6}[-+][0-9]{4}" + _R, check_digits.personnummer),
        Matcher(_L + r"[0-3][0-9][01][0-9]{3}[-+A][0-9]{3}[0-9A-FHJ-NPR-Y]" + _R, check_digits.hetu),
        Matcher(_L + r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}" + _R, check_digits.rijksregister),
        Matcher(_L + r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}" + _R, check_digits.ahv),
        Matcher(_L + r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}" + _R, check_digits.cpf),
        Matcher(
            _L + r"[1-8][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9Xx]" + _R,
            check_digits.resident_id,
        ),
        _beside("bsn|burgerservicenummer|sofi-?nummer", r"[0-9]{9}", check_digits.bsn),
        _beside(
            "steuer-?id|idnr|steuerliche identifikationsnummer|tin",
            r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
            check_digits.steuer_id,
        ),
        _beside("pesel", r"[0-9]{11}", check_digits.pesel),
        _beside("cpf", r"[0-9]{11}", check_digits.cpf),
        _beside("aadhaar|aadhar|uidai", r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", check_digits.aadhaar),
        _beside("sin|social insurance", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", check_digits.luhn_number),
        _beside("nino?|ni|national insurance", r"[A-CEGHJ-PR-TW-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"),
    ),
    (
        ("dni 12345678Z ok", "12345678Z"),
        ("NIR 1 85 05 78 006 084 91", "1 85 05 78 006 084 91"),
        ("cf RSSMRA85T10A562S", "RSSMRA85T10A562S"),
        ("pnr 811228-9874 klar", "811228-9874"),
        ("hetu 131052-308T", "131052-308T"),
        ("rrn 85.07.30-033.28", "85.07.30-033.28"),
        ("AHV 756.9217.0769.85", "756.9217.0769.85"),
        ("cpf 111.444.777-35", "111.444.777-35"),
        ("id 11010519491231002X", "11010519491231002X"),
        ("BSN: 111222333", "111222333"),
        ("Steuer-ID 86 095 742 719", "86 095 742 719"),
        ("pesel=44051401359", "44051401359"),
        ("aadhaar 2341 2341 2346", "2341 2341 2346"),
        ("SIN 046 454 286", "046 454 286"),
        ("National Insurance number QQ 12 34 56 C".replace("QQ", "AB"), "AB 12 34 56 C"),
    ),
    "build 12345678A, part 87654321A",
    "bsn: 111222334, pesel 44051401358, cpf 111.444.777-36",
    "at 19811228-9875, range 811228-9875",
    "sin(123456789), order 046 454 286",
)

PASSPORT = _rule(
    "passport",
    "Passport numbers beside their name, and the machine-readable zone of passports and visas.",
    "ICAO 9303",
    (
        _beside("passport|reisepass|paspoort|passeport|pasaporte|passaporto", r"(?=[A-Z0-9]{0,8}[0-9])[A-Z0-9]{6,9}"),
        Matcher(
            _L + r"[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{6}[0-9][MFX<][0-9]{6}[0-9][A-Z0-9<]{14}[0-9<][0-9]", check_digits.mrz
        ),
        Matcher(r"(?<![0-9A-Za-z<])[PV][A-Z<][A-Z<]{3}[A-Z]{1,30}<<[A-Z<]{6,36}"),
    ),
    (
        ("passport no. C01X00T47 checked", "C01X00T47"),
        ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", "L898902C36UTO7408122F1204159"),
        ("L898902C36UTO7408122F1204159ZE18422612345610", "L898902C36UTO7408122F1204159"),
        ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "ERIKSSON<<ANNA"),
    ),
    "passport expired, passport control, passport: required",
    "passport-local 1.0.0, npm passport",
)

DRIVING_LICENCE = _rule(
    "driving_licence",
    "Numbers of driving licences beside their name.",
    "AAMVA and national forms",
    (
        _beside(
            r"driv(?:ing|er'?s?)[ _-]?licen[cs]e|f(?:ü|ue)hrerschein|rijbewijs|permis de conduire",
            r"(?=[A-Z0-9-]{0,15}[0-9])[A-Z0-9][A-Z0-9-]{5,18}",
        ),
    ),
    (("driving licence MORGA657054SM9IJ", "MORGA657054SM9IJ"), ("Driver's license number: D1234567", "D1234567")),
    "driving licence expired, driver license agreement",
)

_DAY = r"(?:[0-9]{4}[-/.][01]?[0-9][-/.][0-3]?[0-9]|[0-3]?[0-9][-/. ]{1,2}(?:[01]?[0-9]|[a-zä]{3,9}\.?)[-/. ]{1,2}(?:[0-9]{4}|[0-9]{2})|[a-z]{3,9} [0-3]?[0-9],? [0-9]{4})"
DATE_OF_BIRTH = _rule(
    "date_of_birth",
    "Dates beside a word for birth, in six languages.",
    "the words of forms; ISO 8601 and the usual national forms",
    (
        Matcher(
            r"(?<![0-9A-Za-z])(?:dob|date[ _-]?of[ _-]?birth|birth[ _-]?da(?:te|y)|born(?: on)?|geb(?:oren|urtsdatum|\.)?(?: am| op)?|geboortedatum|n(?:é|e)e? le|date de naissance|fecha de nacimiento|data di nascita)"
            rf"[\"']?\s?[:=]?\s?[\"']?(?P<secret>{_DAY})(?![0-9])",
            ignore_case=True,
            unicode=True,
        ),
    ),
    (
        ("dob=1985-10-12", "1985-10-12"),
        ("geboren am 3. Mai 1985 in Ulm", "3. Mai 1985"),
        ("Date of birth: 12/10/1985", "12/10/1985"),
    ),
    "born 2 times, dob missing, built on 2024-01-15",
)

SUBSCRIBER = _rule(
    "subscriber",
    "IMEI, IMSI and ICCID beside their names.",
    "3GPP TS 23.003; ITU-T E.118",
    (
        _beside(r"imei(?:sv)?|\+cgsn|\+gsn", r"[0-9]{15}", check_digits.luhn_number),
        _beside("imsi", r"[2-7][0-9]{13,14}"),
        _beside("iccid|sim(?: card)?", r"89[0-9]{17,18}"),
    ),
    (
        ("imei: 490154203237518", "490154203237518"),
        ("IMSI 262011234567890 attached", "262011234567890"),
        ("iccid=89490200001234567891", "89490200001234567891"),
    ),
    "imei 490154203237519 fails its check, imsi detach, sim 8 of 12",
)


def _on_earth(text: str) -> bool:
    first, _, second = text.replace(" ", "").partition(",")
    return abs(float(first)) <= 90 and abs(float(second)) <= 180  # noqa: PLR2004 - degrees of latitude and longitude


POSITION = _rule(
    "position",
    "Pairs of coordinates: decimal degrees with four digits and more, and latitudes and longitudes beside their names.",
    "ISO 6709",
    (
        Matcher(
            r"(?<![0-9A-Za-z_.,-])(?<!, )-?[0-9]{1,2}\.[0-9]{4,15}, ?-?[0-9]{1,3}\.[0-9]{4,15}(?![0-9.,])", _on_earth
        ),
        Matcher(
            r"(?<![A-Za-z])(?:lat|lon|lng|long)(?:itude)?[\"']?\s?[:=]\s?[\"']?(?P<secret>-?[0-9]{1,3}\.[0-9]{3,15})(?![0-9.])",
            ignore_case=True,
        ),
    ),
    (
        ("at 52.370216, 4.895168 now", "52.370216, 4.895168"),
        ("lat=52.3702 lon=4.8951", "4.8951"),
        ('{"latitude": 52.3702}', "52.3702"),
    ),
    "load 0.1234, 1.2345, 2.3456",
    "latency=52.3702 long=5",
)

NOBODY = tuple(
    """
    root admin administrator unknown invalid user none null nobody anonymous system guest principal profile from for by is
    not the
    """.split()  # noqa: SIM905 - words read best as text
)
"""What stands where a name does and says nobody: everybody's accounts, and the next word of a sentence."""
_NAME = rf"(?P<secret>(?!(?:{'|'.join(NOBODY)})(?![\w@$\\-]|\.\w))[A-Za-z0-9_][\w.@$\\-]{{1,63}})"
LOGIN_NAME = _rule(
    "login_name",
    "Names of users in what sshd, PAM, sudo, su, cron, login managers, dovecot, postfix, FTP servers, OpenVPN and Windows log of logins; not `root` and other names that say nobody.",
    "the daemons' log messages",
    (
        Matcher(
            r"(?:Accepted|Failed|Postponed) [a-z/-]{3,30} for (?:invalid user )?" + _NAME + r"(?= from )",
            ignore_case=True,
        ),
        Matcher(
            r"(?:Invalid user|Connection (?:closed|reset) by (?:authenticating|invalid) user|Disconnected from (?:authenticating |invalid )?user|session (?:opened|closed) for user|authentication failure for user|(?:New|Started) session [0-9a-z]{1,10} of user|log[io]n failures? for user|password (?:set |changed )?for user|password changed for|Removed session of user) "
            + _NAME,
            ignore_case=True,
        ),
        Matcher(r"(?:sudo|su|doas)(?:\[[0-9]{1,9}\])?: {1,6}" + _NAME + r"(?= : |: )"),
        Matcher(
            r"(?<![A-Za-z])(?:l?r?user|logname|acct|auid_name|sasl_username|authid|login)=[<\"]?" + _NAME,
            ignore_case=True,
        ),
        Matcher(r"(?:Account Name|User Name|Username):[\s]{1,8}" + _NAME, ignore_case=True),
        Matcher(r"CRON\[[0-9]{1,9}\]: \(" + _NAME + r"(?=\) CMD)"),
        Matcher(r"\[" + _NAME + r"(?=\] (?:OK|FAIL) (?:LOGIN|UPLOAD|DOWNLOAD))"),
    ),
    (
        ("sshd[1]: Accepted password for carol from 10.0.0.1 port 5 ssh2", "carol"),
        ("sshd[1]: Failed password for invalid user dave7 from 10.0.0.1", "dave7"),
        ("pam_unix(sshd:session): session opened for user carol(uid=1000) by (uid=0)", "carol"),
        ("sudo:    carol : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls", "carol"),
        ("imap-login: Login: user=<carol@example.com>, method=PLAIN", "carol"),
        ("postfix/smtpd[2]: client=x, sasl_method=LOGIN, sasl_username=carol", "carol"),
        ("Account Name:\t\tCAROL$", "CAROL$"),
        ("CRON[99]: (carol) CMD (run-parts)", "carol"),
        ("vsftpd[3]: [carol] OK LOGIN: Client", "carol"),
        ("systemd[1]: Started Session 8476 of User carol.", "carol"),
        ("systemd-logind[9]: New session c21 of user carol.", "carol"),
        ("pam_faillock(sshd:auth): Consecutive login failures for user carol account temporarily locked", "carol"),
        ("no password set for user carol", "carol"),
    ),
    "Failed password for root from 10.0.0.1 port 22 ssh2",
    "session opened for user root by (uid=0), user=unknown, USER=root",
    "user experience, the user is not known, login: failed",
    "Bad credentials for user principal, password for user profile not correct, Started Session 4 of User root.",
)

IDENTITY = (NATIONAL_ID, PASSPORT, DRIVING_LICENCE, DATE_OF_BIRTH, SUBSCRIBER, POSITION, LOGIN_NAME)
