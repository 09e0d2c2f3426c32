"""Passwords: how they are kept, which ones are good enough, and what guessing leads to."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.errors import BusinessRefusal, FieldError
from engine.phrases import Phrase
from records.tokens import end_tokens
from records.users import User

SHORTEST, LONGEST = 10, 128
"""Of a password that somebody chooses, in characters."""
MOST_FAILURES = 5
"""Wrong passwords in a row until the account is locked."""
LOCKED_FOR = timedelta(minutes=15)

_hasher = PasswordHasher()
_FEWEST_CHARACTERS = 5
"""Different ones: 1111111111 is no password."""
# What lists of leaked passwords begin with, of those that are long enough.
_COMMON = frozenset(
    (
        "1234567890",
        "0123456789",
        "9876543210",
        "0987654321",
        "12345678910",
        "123456789a",
        "a123456789",
        "q123456789",
        "qwertyuiop",
        "1qaz2wsx3edc",
        "1q2w3e4r5t",
        "qwerty123456",
        "qwerty12345",
        "password123",
        "password1234",
        "passw0rd123",
        "p@ssw0rd123",
        "admin123456",
        "admin@123456",
        "administrator",
        "woaini1314",
        "woaini520",
        "5201314520",
        "1314520520",
        "abc123456789",
        "abcd123456",
        "abcdefghij",
        "aa123456789",
        "zxcvbnm123",
        "asdfghjkl123",
        "iloveyou123",
        "welcome123",
        "changeme123",
        "guangdong123",
    )
)


def hash_password(password: str) -> str:
    """The password as Argon2id stores it: slow on purpose."""
    return _hasher.hash(password)


def set_password(session: Session, user: User, password: str, *, temporary: bool = False) -> None:
    """Give an account a password, and open it where wrong ones had locked it. Its tokens end: who had learned the
    password before may have made some.

    `temporary`: somebody else chose it, so that the user has to choose another before anything else.
    """
    user.password_hash, user.must_change_password = hash_password(password), temporary
    unlock(user)
    end_tokens(session, user)


def first_password() -> str:
    """A password to tell somebody, who has to change it."""
    return secrets.token_urlsafe(9)


def check_password(user: User | None, password: str) -> bool:
    """Whether the password opens the account. No account, one without password and a closed one never open.

    Takes as long for an unknown user as for a wrong password, so that names cannot be guessed by the clock.
    """
    stored = user.password_hash if user is not None and user.active else None
    try:
        _hasher.verify(stored or _unknown_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _unknown_hash() -> str:
    """A hash no password opens, made on first use because making it is slow."""
    return _hasher.hash(secrets.token_urlsafe(24))


def choose_password(session: Session, user: User, current: str, chosen: str, repeated: str) -> None:
    """修改密码, by the user. Raises BusinessRefusal with everything that is wrong."""
    wrong = list(_objections(user, current, chosen, repeated))
    if wrong:
        raise BusinessRefusal(wrong, message="密码没有修改。")
    set_password(session, user, chosen)


def _objections(user: User, current: str, chosen: str, repeated: str) -> Iterator[FieldError]:
    if not check_password(user, current):
        yield FieldError("current", "password", "原密码不正确。")
    plain = chosen.casefold()
    if not SHORTEST <= len(chosen) <= LONGEST:
        message = Phrase("新密码应有 {shortest} 至 {longest} 个字符。", shortest=SHORTEST, longest=LONGEST)
        yield FieldError("chosen", "password", message)
    elif user.username.casefold() in plain:
        yield FieldError("chosen", "password", "新密码不能包含账号。")
    elif plain in _COMMON or len(set(plain)) < _FEWEST_CHARACTERS:
        yield FieldError("chosen", "password", "新密码太常见，容易被猜到，请换一个。")
    elif chosen == current:
        yield FieldError("chosen", "password", "新密码不能与原密码相同。")
    if chosen != repeated:
        yield FieldError("repeated", "password", "两次输入的新密码不一致。")


# Guessing


def is_locked(user: User | None, now: datetime) -> bool:
    return user is not None and user.locked_until is not None and now < user.locked_until


def note_failure(session: Session, user: User, now: datetime) -> None:
    """Count a wrong password; with the last one that is allowed the account is locked for a while."""
    session.execute(update(User).where(User.id == user.id).values(failed_logins=User.failed_logins + 1))
    session.refresh(user, ["failed_logins"])
    if user.failed_logins >= MOST_FAILURES:
        user.failed_logins, user.locked_until = 0, now + LOCKED_FOR


def note_success(user: User, password: str) -> None:
    """Forget the wrong ones before, and keep the password as it is hashed today."""
    unlock(user)
    if user.password_hash is not None and _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)


def unlock(user: User) -> None:
    user.failed_logins, user.locked_until = 0, None
