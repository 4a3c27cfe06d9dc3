import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.record import redact, redact_args

ALNUM = string.ascii_letters + string.digits
SECRET_NAMES = [
    "token", "hf-token", "hf_token", "HF_TOKEN", "auth-token", "api-key", "api_key",
    "apikey", "apiKey", "wandb.key", "key", "secret", "client-secret", "secret_key",
    "password", "db.password", "dbPassword", "passwd", "pwd", "pass", "passphrase",
    "credential", "aws-credentials", "auth", "authorization",
]  # fmt: skip
SHAPES = st.one_of(
    *(
        st.text(ALNUM, min_size=20, max_size=40).map(prefix.__add__)
        for prefix in (
            "hf_",
            "sk-",
            "sk-proj-",
            "ghp_",
            "github_pat_",
            "glpat-",
            "xoxb-",
        )
    ),
    st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16).map(
        "AKIA".__add__
    ),
    st.tuples(*[st.text(ALNUM, min_size=10, max_size=30)] * 3).map(
        lambda parts: "eyJ" + ".".join(parts)
    ),
)
# Letters, digits and punctuation: nothing that would pass for a number or a flag.
SECRETS = st.from_regex(r"[a-z][A-Za-z0-9!+/_.$%^-]{5,30}[A-Z]", fullmatch=True)
ORDINARY = [
    ["--epochs", "20"], ["--lr=1e-3"], ["--lr", "0.001"], ["--key-dim", "64"],
    ["--key-dim=64"], ["--max-tokens", "1000000000"], ["--max_tokens=512"],
    ["--tokenizer", "gpt2"], ["--tokenizer=bert-base-uncased"], ["--monkey", "see"],
    ["--keypoints", "hand.json"], ["--keyboard=us"], ["--author", "me"], ["-v"],
    ["--bypass", "layer"], ["--verbose"], ["train.py"], ["data/train.csv"], [""],
    ["--data=../data/x.parquet"], ["model.hidden=128"], ["--use-auth=true"],
    ["--out", "runs/a-b_c.1"], ["https://example.com/data.csv"], ["--pass-rate=0.5"],
    ["--token", "--epochs", "3"],
]  # fmt: skip
COMMANDS = st.lists(st.sampled_from(ORDINARY)).map(
    lambda parts: [arg for part in parts for arg in part]
)


@given(COMMANDS)
def test_ordinary_arguments_stay(args):
    assert redact_args(args) == args


@given(COMMANDS, st.sampled_from(SECRET_NAMES), SECRETS, COMMANDS)
def test_no_secret_survives_after_its_flag(before, name, secret, after):
    args = redact_args([*before, f"--{name}", secret, *after])
    assert args == [*before, f"--{name}", "***", *after]


@given(
    st.sampled_from(["--", "", "+", "++model."]), st.sampled_from(SECRET_NAMES), SECRETS
)
def test_no_secret_survives_after_its_equals_sign(dashes, name, secret):
    (arg,) = redact_args([f"{dashes}{name}={secret} and {secret}"])
    assert arg == f"{dashes}{name}=***"


@given(st.sampled_from(SECRET_NAMES), SECRETS)
def test_no_secret_survives_in_text(name, secret):
    texts = [
        f"cannot log in with {name}={secret} here",
        f'{{"lr": 0.1, "{name}": "{secret}"}}',
        f"{{'{name}': '{secret}'}}",
        f"python train.py --{name} {secret} --epochs 3",
        f"--set {name}={secret}",
        f"--config=a.b={name}={secret}",
    ]
    for text in texts:
        assert secret not in redact(text)


@given(st.text(), SHAPES, st.sampled_from(["", " ", "\n", "'", ",", "/"]))
def test_no_token_of_a_known_shape_survives(text, token, end):
    assert token not in redact(f"{text} {token}{end}")
    assert all(token not in arg for arg in redact_args([text, token, f"--x={token}"]))


@given(st.text(), st.text(ALNUM, min_size=4), st.text(ALNUM + "!@:%", min_size=4))
def test_no_password_survives_in_a_url(text, user, password):
    shown = redact(f"{text} postgres://{user}:{password}@host.example:5432/db")
    assert shown.endswith("://***@host.example:5432/db")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password: hunter2", "password: ***"),
        ("--password 1234", "--password ***"),
        ("token=12345678", "token=***"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("sent with Bearer abcdefgh12", "sent with Bearer ***"),
        ("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY----- x", "*** x"),
        (
            "git clone https://abc@github.com/x/y",
            "git clone https://***@github.com/x/y",
        ),
        ("KeyError: 'loss'", "KeyError: 'loss'"),
        ("Missing key: 'fc.weight'", "Missing key: 'fc.weight'"),
        ("num_tokens=512, n_keys=8", "num_tokens=512, n_keys=8"),
        ("encoder.key.weight", "encoder.key.weight"),
        ("shape '[3, 4]' is invalid: input of size 5", None),
    ],
)
def test_text(text, shown):
    assert redact(text) == (text if shown is None else shown)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/ada/x/train.csv", "~/x/train.csv"),
        ("/Users/ada/x", "~/x"),
        ("/home/ada", "~"),
        ("/root/x", "~/x"),
        ("/mnt/c/Users/ada/x", "~/x"),
        ("/export/home/ada/x", "~/x"),
        ("C:\\Users\\ada\\x", "~\\x"),
        ("c:\\users\\Ada Lovelace\\x", "~\\x"),
        ("C:\\\\Users\\\\ada\\\\x", "~\\\\x"),
        ("C:/Users/ada/x", "~/x"),
        ("--data=/home/ada/x", "--data=~/x"),
        ("file:///home/ada/x", "file://~/x"),
        ("/home/ada:/home/eve/b", "~:~/b"),
        ("No such file: '/home/ada/x y.csv'", "No such file: '~/x y.csv'"),
        ("/data/home/x", "/data/home/x"),
        ("/rooted/x", "/rooted/x"),
        ("home/ada/x", "home/ada/x"),
    ],
)
def test_home_folders_become_a_tilde(monkeypatch, path, shown):
    monkeypatch.setenv("HOME", "/somewhere/else")
    monkeypatch.setenv("LOGNAME", "nobody-here")
    assert redact(path) == shown


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/cluster/people/grace/x", "~/x"),
        ("/cluster/people/gracefully/x", "/cluster/people/gracefully/x"),
        ("/scratch/grace/x", "/scratch/***/x"),
        ("/tmp/pytest-of-grace/x", "/tmp/pytest-of-***/x"),
        ("grace/model", "***/model"),
        ("grace under pressure", "grace under pressure"),
    ],
)
def test_ones_own_home_and_name_are_known(monkeypatch, path, shown):
    monkeypatch.setenv("HOME", "/cluster/people/grace")
    monkeypatch.setenv("LOGNAME", "grace")
    assert redact(path) == shown


@given(COMMANDS, st.sampled_from(SECRET_NAMES), SECRETS)
def test_the_recorder_redacts_again_and_changes_nothing(before, name, secret):
    args = redact_args([*before, f"--{name}={secret}", f"--{name}", secret])
    assert [redact(arg) for arg in args] == args


def test_long_text_takes_no_time():
    for text in ("a" * 100_000, "token" * 20_000, "/home/" * 20_000, "://a" * 25_000):
        redact(text)
