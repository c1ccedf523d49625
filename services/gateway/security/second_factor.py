"""Time-based one-time passwords, and the recovery codes for when the telephone is gone."""

import base64
import secrets
from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError

RECOVERY_CODES = 10
_STEPS_ASIDE = 1
"""A clock may be a step (30 s) off, either way."""
_RECOVERY_BYTES = 15
"""120 bits, so that a fast hash is enough to store one."""
_GROUP = 6


def new_totp_secret() -> str:
    """Make a secret of 160 bits in base32, as authenticator applications take it."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, username: str, group: str) -> str:
    """Give the address that a QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=f"DOSO {group}")


def fitting_step(secret: str, otp: str, at: datetime) -> int | None:
    """Give the time step that a code belongs to, a step aside at most; None where it fits none."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(otp, for_time=at, valid_window=_STEPS_ASIDE)
    except OTPVerificationError:
        return None


def new_recovery_codes() -> list[str]:
    """Make recovery codes, in groups that can be read aloud."""
    codes = (base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES))
    return ["-".join(code[i : i + _GROUP] for i in range(0, len(code), _GROUP)) for code in codes]


def plain(code: str) -> str:
    """Take a typed code down to its letters and digits: blanks and hyphens mean nothing."""
    return "".join(letter for letter in code.lower() if letter.isascii() and letter.isalnum())
