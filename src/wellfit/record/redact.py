"""What must not be recorded: secrets, home folders, and the user's name in paths.

Where in doubt it hides: a hidden word costs a look at the script, a shown secret more.
"""

import getpass
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

HIDDEN = "***"

# What makes a name that of a secret: api_key, HF_TOKEN, dbPassword; but not tokenizer,
# monkey, KeyError.
_WORD = r"""(?:secret|passw(?:or)?d|passphrase|credential|authorization
    |token(?!i[sz])|(?:api|access|private|auth|ssh|license|account|encryption)key
    |(?<![a-z])(?:keys?|pass|pwd|o?auth)(?![a-z])|(?-i:(?<=[a-z])Keys?(?![a-z])))"""
_SECRET = re.compile(_WORD, re.IGNORECASE | re.VERBOSE)

# What is no secret under such a name: --key-dim 64, max_tokens=1e9, use_auth=true.
_WORDLESS = re.compile(r"true|false|none|null|yes|no|\**|", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,7}(?:\.\d{0,7})?(?:e[+-]?\d{1,3})?", re.IGNORECASE)
_COUNT = re.compile(r"\d+")
_COUNTED = re.compile(r"(?:tokens|keys)(?![a-z])", re.IGNORECASE)
_STRONG = re.compile(r"secret|passw|passphrase|credential|pass$|pwd", re.IGNORECASE)

_SHAPES = re.compile(
    r"""-----BEGIN[A-Z ]*PRIVATE\ KEY-----.*?(?:-----END[A-Z ]*PRIVATE\ KEY-----|\Z)
    |(?<=://)[^\s/]+(?=@)                                   # user:password@, token@
    |(?<=bearer\ )[\w+/.~=-]{8,}|(?<=Bearer\ )[\w+/.~=-]{8,}
    |(?<![A-Za-z0-9])(?:
        hf_\w{8,}                                           # Hugging Face
        |sk-[\w-]{8,}|[rs]k_(?:live|test)_\w{8,}            # OpenAI and kin, Stripe
        |gh[pousr]_\w{8,}|github_pat_\w{8,}|glpat-[\w-]{8,} # GitHub, GitLab
        |(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w-]{16,}|ya29\.[\w-]{8,}  # AWS, Google
        |xox[a-z]-[\w-]{8,}                                 # Slack
        |pypi-[\w-]{16,}|npm_\w{16,}|dckr_pat_[\w-]{8,}     # registries
        |eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?               # JSON Web Token
    )""",
    re.VERBOSE | re.DOTALL,
)

# token=x, "token": "x", api_token: x; but `key: x` in prose is mostly something else.
_NAME = (
    rf"(?P<name>(?<![\w.-])(?!keys?\s*:)-{{0,2}}[\w.-]{{0,64}}{_WORD}[\w.-]{{0,64}})"
)
_VALUE = r"""(?P<value>"[^"]*"|'[^']*'|(?:(?:bearer|basic|token)\s+)?[^\s"',;&]+)"""
_FLAGS = re.IGNORECASE | re.VERBOSE
_PAIR = re.compile(rf"{_NAME}(?P<between>[\"']?\s*[=:]\s*){_VALUE}", _FLAGS)
_OPTION = re.compile(rf"(?<!\S)(?=--){_NAME}(?P<between>\s+)(?!-){_VALUE}", _FLAGS)

_OWN = r"[^/\\\s:;,\"'<>|()=&?#*]+"  # a name in a path
_WINDOWS = re.compile(
    rf"(?<![A-Za-z])[A-Z]:[\\/]+Users[\\/]+(?:{_OWN}(?:\ {_OWN})*(?=[\\/])|{_OWN})",
    re.IGNORECASE,
)
_UNIX = re.compile(
    rf"(?<![\w.~-])(?:(?:/(?:export|usr|var|private|mnt/[a-z]))?"
    rf"/(?:home|homes|Users)/+{_OWN}|/root(?![\w.-]))"
)
_PATH = re.compile(r"\S*[/\\]\S*")
_NOBODY = {"root", "user", "users", "ubuntu", "admin", "app", "docker", "jovyan"}


def redact(text: str) -> str:
    """The text without secrets, and with `~` for home folders.

    Hidden are tokens of well-known shapes, passwords in URLs, what follows a name such
    as `api_key` or `--token`, and the user's own name in paths.

    >>> redact("cannot open /home/ada/data.csv with token=hf_abcdefghijkl, lr=0.1")
    'cannot open ~/data.csv with token=***, lr=0.1'
    >>> redact("s3://ada:hunter2@store/train.csv")
    's3://***@store/train.csv'
    """
    text = _SHAPES.sub(HIDDEN, text)
    text = _PAIR.sub(_hide_value, text)
    text = _OPTION.sub(_hide_value, text)
    return _without_homes(text)


def redact_args(args: Iterable[str]) -> list[str]:
    """A command's arguments without the values of secrets, and redacted otherwise.

    >>> redact_args(["--lr=1e-3", "--token", "tulip", "--api-key=rose", "--key-dim=64"])
    ['--lr=1e-3', '--token', '***', '--api-key=***', '--key-dim=64']
    """
    redacted, name = [], ""
    for arg in args:
        flag, equals, value = arg.partition("=")
        if name and not arg.startswith("-"):
            redacted.append(_hidden(name, arg))
        elif equals and _is_secret(flag):
            redacted.append(f"{flag}={_hidden(flag, value)}")
        else:
            redacted.append(redact(arg))
        name = arg if arg.startswith("-") and not equals and _is_secret(arg) else ""
    return redacted


def _is_secret(name: str) -> bool:
    return re.fullmatch(r"[\w.+~/-]+", name) is not None and bool(_SECRET.search(name))


def _hidden(name: str, value: str) -> str:
    """The value, if it is plain enough to be none of a secret's."""
    if _WORDLESS.fullmatch(value):
        return value
    if _COUNTED.search(name) and _COUNT.fullmatch(value):
        return value
    if _NUMBER.fullmatch(value) and not _STRONG.search(name):
        return value
    return HIDDEN


def _hide_value(found: re.Match[str]) -> str:
    name, between, value = found["name"], found["between"], found["value"]
    quote = value[0] if value[0] in "\"'" else ""
    bare = value[1:-1] if quote else value
    return f"{name}{between}{quote}{_hidden(name, bare)}{quote}"


def _without_homes(text: str) -> str:
    if "/" not in text and "\\" not in text:
        return text
    home, user = _own()
    text = home.sub("~", text)
    text = _UNIX.sub("~", _WINDOWS.sub("~", text))
    return _PATH.sub(lambda path: user.sub(HIDDEN, path[0]), text) if user else text


def _own() -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    try:
        home = str(Path.home())
    except RuntimeError:  # no home folder
        home = ""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # no entry for this user, in a container
        user = ""
    return _patterns(home, user)


@lru_cache(maxsize=1)
def _patterns(home: str, user: str) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    nothing = r"(?!)"
    place = rf"(?<![\w.~-]){re.escape(home)}(?![\w.-])" if len(home) > 1 else nothing
    name = rf"(?<![A-Za-z0-9]){re.escape(user)}(?![A-Za-z0-9])"
    known = user and user.lower() not in _NOBODY
    return re.compile(place), re.compile(name) if known else None
