"""What a number to call looks like to the check where a network or a person speaks of one: by its length and beginning."""
# ruff: noqa: E501 - an expression reads best in one piece

from mothership.pipeline.redaction.checker import strength
from mothership.pipeline.redaction.checker.shape_scanner import forms

_NETWORK = (
    r"(?:\b(?:sms|mms|hlr|sip|pjsip|smpp|smsc|ussd|msisdn|e164|cdr|whatsapp|prepaid|voicemail|submit_sm|deliver_sm)|sofia/|subscriber|subscription|ported"
    r"|top-?up|delivery receipt|station-id|callto|caller|calling|called|dialplan|new call|\bsim [0-9])"
)
_BELLS = (
    r"(?:tlf|手机号|puh|tel|tél|тел|mob|phones?|mobiel|mobil|telefoon(?:nummer)?|telefonnummer|telephonenumber|phone_?(?:no|number)|mobile_?(?:no|number)|numéro|điện thoại"
    r"|連絡先|연락처|携帯|reach(?:ed|able)?(?: on| at| under)|erreichbar unter|contact|call(?:ed)?|rappeler[^0-9\n]{0,24}|ring [a-zåäö]{1,12} på|nachricht an)"
)
_WORD = _NETWORK.replace(chr(92) + "b", "")
_FIGURES = rf"(?i){_WORD}[^\n]*[0-9]{{10}}|[0-9]{{10}}[^\n]*{_WORD}|(?:number|phone|dst|dest|destination|recipient|callee|peer|to)=[0-9]{{10}}|/numbers?/[0-9]{{10}}"
_NATIONAL = r"0[1-9][0-9]{8,9}"
_ABROAD = r"(?:00)?(?:[2-9][0-9]{10,12}|1[2-9][0-9]{9})"
_GROUPED = r"\(?\+?[0-9]{1,5}\)?(?:[ ./-]{1,2}[0-9]{2,8}){1,5}"
_BEGINS = r"(?:^|[^0-9A-Za-z.:_#+-])"
_ENDS = r"(?:$|[^0-9A-Za-z_:/.-]|[:.](?:$|[^0-9]))"

TELEPHONES = (
    *forms(
        "telephone number",
        "phone",
        _FIGURES,
        (
            rf"(?i){_NETWORK}[^\n]{{0,64}}?(?:{_BEGINS}|:)(?P<v>{_NATIONAL}|{_ABROAD}){_ENDS[:-1]}|@)",
            strength.subscriber,
        ),
    ),
    *forms(
        "telephone number",
        "phone",
        _FIGURES,
        (
            rf"(?i){_BEGINS}(?P<v>{_NATIONAL}|{_ABROAD})[^0-9A-Za-z_:/.-][^\n{{}}]{{0,48}}?{_NETWORK}",
            strength.subscriber,
        ),
    ),
    *forms(
        "telephone number",
        "phone",
        r"[+^][A-Z]{4}[=:?][^\n]*\"\+?[0-9]{9}",
        (r"(?:AT)?[+^][A-Z]{4}[=:?][^\n]{0,24}\"(?P<v>\+?[0-9]{9,14})\"", strength.subscriber),
    ),
    *forms(
        "telephone number",
        "phone",
        rf"(?i){_BELLS}[^0-9\n]*(?:[0-9]{{9}}|[0-9]{{1,5}}\)?[ ./-]{{1,2}}[0-9]{{2,8}}[ ./-]?[0-9]{{2}})",
        (
            rf"(?i)(?:^|[^a-z]){_BELLS}[^0-9A-Za-z\n+]{{1,8}}(?P<v>{_GROUPED}|{_NATIONAL}){_ENDS}",
            strength.number_in_groups,
        ),
    ),
    *forms(
        "telephone number",
        "phone",
        _FIGURES,
        (
            rf"(?i)(?:(?:^|[^a-z])(?:number|msisdn|phone|dst|dest|destination|recipient|callee|message_peer|to)=|/numbers?/)(?P<v>{_NATIONAL}|{_ABROAD}){_ENDS}",
            strength.subscriber,
        ),
    ),
)
