"""How an assignment is written: what stands between a name and its value, and where the value ends."""
# ruff: noqa: E501 - an expression reads best in one piece

import re

from mothership.pipeline.redaction.credential_names import TAILS

_WORDS = "|".join(sorted(TAILS))
TAIL = (
    r"(?P<tail>(?:[-_]?(?:hash|digest|base|base64|b64|encrypted|plain(?:text)?|old|new|confirm(?:ation)?|id|data|attempt(?:ed)?|input|entered|supplied|provided|value|text|string)"
    rf"|(?:[-_](?:{_WORDS})[0-9]?){{1,2}})?)(?:[-_.]?v?[0-9]{{1,8}})?"
)
"""What may stand behind the stem: words that say which of several it is, and a number."""
OWNER = r"(?P<tail>(?:[-_.][0-9a-z]{1,16}(?![0-9a-z])){1,4})"
_QUOTE = r"\\{0,8}[\"']"
BETWEEN = (
    rf"(?:(?P<value>(?:{_QUOTE}\s?(?:,|:\s?\{{)?\s?|[ ](?=value:)|(?:\r?\n|\\n)[ \t]{{1,40}}(?=value:))(?:{_QUOTE})?(?:value|val|content|default)(?:{_QUOTE})?\s?[:=]\s?)"
    rf"|(?:\s(?:for|of)\s(?!(?:ssid|bssid|user(?:name)?|host|account|client|ip|ap|uid|id)=)[\w.@'\"`%-]{{1,64}}(?=\s?(?::(?!//)|=))|\s(?:provided|supplied|used)(?=:)|(?P<given>\s(?:is\s|was\s)?(?:generated|set|created|reset|issued|assigned)(?:\s(?:for|to|of)\s[\w.@'\"`%-]{{1,64}})?(?=:)))?(?P<closed>{_QUOTE})?[\]}}]?(?:\[[0-9A-Z_]{{0,24}}\])?\s{{0,40}}(?P<sign>=>|:=|==?|:|(?:is|was)(?:\s?:)?(?=\s))(?P<tag>\s(?:!![a-z]{{1,10}}|&[\w-]{{1,32}})(?=[ \t]))?(?:[ \t]{{0,40}}|(?P<block>[ \t]{{0,8}}(?:[|>][+-]?[0-9]?[ \t]{{0,4}})?(?:\r?\n|\\n)[ \t]{{1,40}}))(?:(?:\r?\n|\\n)?[ \t]{{0,8}}string\([0-9]{{1,5}}\)\s)?(?P<list>\[\s?(?=[\"'\\]))?"
    r"|(?P<tab>\t{1,4})"
    rf"|(?P<form>{_QUOTE}(?:(?:\r?\n|\\r\\n){{2}}))"
    rf"|(?P<xml>(?P<attribute>{_QUOTE})?(?:\s[^<>]{{0,200}})?>))"
)
# An unquoted value goes on behind these signs until a blank, a quotation mark, a tag, or the next name with its sign.
_SIGNS = r"[,;&|<>]{1,4}(?![\w.-]{0,40}\s?[=:])(?!(?<=&)\w{1,40}(?:[&\s]|\Z))(?!(?<=<)/?[A-Za-z!][\w:.-]{0,40}(?:[\s/>]|\Z))(?=[^\s\"'<>,;&|\\])"
NO_MORE = r"(?![0-9A-Za-z_])"
SOME_DIGITS = rf"(?P<secret>[0-9]{{4,8}}){NO_MORE}"
_PLAIN = r"[^\s,;&\"'<>\\`|]"
_SLASH = r"\\(?![nrt\"'\\])"
VALUE = (
    r"(?:(?:[bBuUrRfFN]{1,2}(?=[\"'])|(?:Some|Ok|Optional|Secret|SecretStr|String|str|md5|sha[0-9]{1,3}|crypt)\((?=\\{0,8}[\"']))?(?:\"\"(?=\"[^\"])|''(?='[^']))?(?:\"(?P<double>(?:[^\"\\\r\n]|\\[^\r\n]){0,4096})"
    r"|''(?P<doubled>[^'\r\n]{1,256})''(?!')|'(?P<single>(?:[^'\\\r\n]|\\[^\r\n]|''){0,4096})"
    r"|\\{1,8}[\"'](?P<escaped>(?:[^\"'\\\r\n]|\\{1,8}[^\"'\\\r\n]){0,4096}))"
    r"|\{(?P<braced>[^{}\r\n\"]{1,256})\}(?=[;\s\"']|\Z)"
    r"|<(?P<angled>[^<>\r\n\"']{1,256})>"
    r"|`(?P<back>[^`\r\n]{0,4096})"
    rf"|(?P<bare>(?:(?![|>][+-]?[0-9]?[ \t]{{0,4}}(?:\r?\n|\\n)){_SIGNS})?{_PLAIN}{{1,4096}}(?:{_SLASH}{_PLAIN}{{0,4096}}){{0,64}}|(?:{_SLASH}{_PLAIN}{{0,4096}}){{1,64}}))"
)
MORE = re.compile(r"(?:[\"'][^\s,;&\"'<>\\`|:=)\]}]{1,4096}){1,8}(?![\"'])")
_GOES_ON = re.compile(rf"(?:{_SIGNS}{_PLAIN}{{1,256}}){{1,16}}")
_IN_QUOTES = re.compile(r"(?P<q>[\"'])[\w.-]{0,64}\Z")
_PHRASE = re.compile(r"(?: [^\s\"'=:\\]{1,64}){1,12}(?=\\{0,4}[\"'])")
NAME_BEFORE = re.compile(r"(?:^|[\r\n]|\\n)[ \t]*(?:- )?[\w.-]*\Z")


def is_behind(text: str, start: int, end: int) -> bool:
    """Tell what stands behind the end of a quotation from what stands inside of one: it begins with a blank and has no end."""
    return text[start : start + 1] == " " and text[start - 1] in "\"'" and text[end : end + 1] not in {'"', "'", "\\"}


def whole_value(text: str, match: "re.Match[str]", end: int) -> int:
    """Return where an unquoted value really ends: behind signs in it, or with the quotation that the pair stands in."""
    more = _GOES_ON.match(text, end)
    if more:
        return more.end()
    if match["sign"] == "=" and _IN_QUOTES.search(text, max(0, match.start() - 66), match.start()):
        phrase = _PHRASE.match(text, end)
        return phrase.end() if phrase else end
    return end


def fills_line(text: str, match: "re.Match[str]") -> bool:
    """Tell whether name and value are all of their line, as in YAML."""
    before = NAME_BEFORE.search(text, max(0, match.start() - 64), match.start())
    return before is not None and ends_line(text, match.end())


def ends_line(text: str, at: int) -> bool:
    r"""Tell whether a line ends here, the line break perhaps written `\n`."""
    return text[at : at + 1] in {"", "\n", "\r"} or text[at : at + 2] in {"\\n", "\\r"}
