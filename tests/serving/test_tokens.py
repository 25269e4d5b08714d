from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.errors import SpecError
from everfit.serving import tokens
from everfit.serving.tokens import SCOPES, SHORTEST, Keys, parse

ONE, TWO = "one" * 10, "two" * 10


def known(text: str) -> Keys:
    return Keys(parse(text, "here"))


def test_several_tokens_each_with_its_scopes() -> None:
    keys = known(f"# the app\npredict:{ONE}\n  read+manage:{TWO}  ")
    assert keys.scopes(ONE.encode()) == {"predict"}
    assert keys.scopes(TWO.encode()) == {"read", "manage"}
    assert keys.scopes(ONE[:-1].encode()) is None
    assert keys.scopes(b"") is None
    assert keys.scopes("\N{SNOWMAN}".encode()) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "here: found no token"),
        ("# predict:" + ONE, "here: found no token"),
        (ONE, "here, entry 1: found a token without a scope"),
        (f"predict:{ONE} predictt:{TWO}", "here, entry 2: there is no such scope; did you mean 'predict'"),
        ("read:short", "wanted a token of at least 20 letters"),
        (f"read:{ONE}!", "wanted a token of at least 20 letters"),
        (f"read:{ONE} predict:{ONE}", "a token is there twice"),
    ],
)
def test_what_is_no_list_of_tokens(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        parse(text, "here")
    assert ONE not in str(caught.value)
    assert "short" not in str(caught.value)


@given(st.text(st.characters(codec="ascii"), min_size=SHORTEST), st.sets(st.sampled_from(SCOPES), min_size=1))
def test_no_message_and_no_repr_shows_a_token(secret: str, scopes: set[str]) -> None:
    try:
        said = repr(known(f"{'+'.join(scopes)}:{secret}"))
    except SpecError as error:
        said = str(error)
    assert secret not in said


def test_neither_a_file_nor_a_variable() -> None:
    assert Keys.given({}, None) is None
    assert Keys.given({"EVERFIT_TOKENS": ""}, None) is None


def test_a_token_is_changed_with_no_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tokens, "LOOK_EVERY", 0)
    file = tmp_path / "tokens"

    def write(text: str) -> None:
        new = file.with_suffix(".new")
        new.write_text(text)
        new.replace(file)

    write(f"predict:{ONE}")
    keys = Keys.given({"EVERFIT_TOKENS": "the file comes first"}, file)
    assert keys is not None
    assert keys.scopes(ONE.encode()) == {"predict"}
    write(f"predict:{ONE}\npredict:{TWO}")
    assert keys.scopes(ONE.encode()) == keys.scopes(TWO.encode()) == {"predict"}
    with caplog.at_level(logging.ERROR):
        write("predict:nonsense")
        assert keys.scopes(TWO.encode()) == {"predict"}
        file.unlink()
        assert keys.scopes(TWO.encode()) == {"predict"}
    assert "the tokens stay as they were" in caplog.text
    assert "nonsense" not in caplog.text
    write(f"predict:{TWO}")
    assert keys.scopes(ONE.encode()) is None
    assert keys.scopes(TWO.encode()) == {"predict"}


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"tokens cannot be read: No such file"):
        Keys.given({}, tmp_path / "tokens")
    (tmp_path / "tokens").write_bytes(b"predict:\xff")
    with pytest.raises(SpecError, match="not plain ASCII"):
        Keys.given({}, tmp_path / "tokens")
