"""Phone numbers: sealed at rest, found by a keyed hash, shown masked."""

import base64
import hmac
import os
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.locks import hold
from models import Person, Worker

SCHEME = "1"
"""How keys are derived and numbers sealed. A new way gets a new number; old rows say theirs."""
NONCE_BYTES = 12
BATCH = 500
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_SEPARATORS = re.compile(r"[\s\-‐-―()（）._]+")


class Unreadable(Exception):
    """The sealed text was altered, or sealed with another secret than the one in force."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What is derived from one secret. `prefix` names scheme and secret in every sealed text."""

    prefix: str
    cipher: AESGCM
    hash_key: bytes


@lru_cache(maxsize=4)
def _keys(secret: str) -> Keys:
    def derive(purpose: str, length: int) -> bytes:
        info = f"zhibutong phone {purpose} {SCHEME}".encode()
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret.encode())

    return Keys(
        prefix=f"{SCHEME}.{derive('key id', 4).hex()}.",
        cipher=AESGCM(derive("seal", 32)),
        hash_key=derive("look-up", 32),
    )


def normalise(text: str) -> str | None:
    """The eleven digits of a mainland mobile number, however it was typed; None when it is none."""
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    digits = re.sub(r"^(?:\+?86|0086)(?=1[0-9]{10}$)", "", digits)
    return digits if digits.isascii() and _MOBILE.fullmatch(digits) else None


def mask(phone: str) -> str:
    """How a number is shown: 199****0001."""
    return f"{phone[:3]}****{phone[-4:]}"


def look_up_hash(secret: SecretStr, phone: str) -> str:
    """The same text for the same number, useless without the secret."""
    return hmac.digest(_keys(secret.get_secret_value()).hash_key, phone.encode(), "sha256").hex()


def seal(secret: SecretStr, phone: str) -> str:
    """A number as it is stored; another text each time."""
    keys = _keys(secret.get_secret_value())
    nonce = os.urandom(NONCE_BYTES)
    sealed = keys.cipher.encrypt(nonce, phone.encode(), keys.prefix.encode())
    return keys.prefix + base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(secret: SecretStr, sealed: str) -> str:
    """The number behind a stored text.

    Raises:
        Unreadable: the text was altered, or belongs to another secret.
    """
    keys = _keys(secret.get_secret_value())
    if not sealed.startswith(keys.prefix):
        raise Unreadable
    try:
        raw = base64.b64decode(sealed.removeprefix(keys.prefix), altchars=b"-_", validate=True)
        clear = keys.cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], keys.prefix.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error
    return clear.decode()


async def rotate(ctx: Context, *, previous: SecretStr) -> int:
    """Seal again, with the secret in force, what `previous` sealed; how many rows that were.

    Look-up by phone finds nobody between the change of the secret and the end of this, so it is one
    transaction, and is run before the service starts with the new secret. Running it again does nothing.
    """
    old = _keys(previous.get_secret_value()).prefix
    secret = ctx.settings.secret_key
    total = 0
    async with in_transaction() as connection:
        await hold(connection, "roster")
        while people := await Person.filter(phone_sealed__startswith=old).order_by("id").limit(BATCH):
            for person in people:
                phone = unseal(previous, person.phone_sealed or "")
                person.phone_sealed, person.phone_hash = seal(secret, phone), look_up_hash(secret, phone)
            await Person.bulk_update(people, fields=["phone_sealed", "phone_hash"])
            total += len(people)
        while workers := await Worker.filter(id_sealed__startswith=old).order_by("id").limit(BATCH):
            for worker in workers:
                number = unseal(previous, worker.id_sealed or "")
                worker.id_sealed, worker.id_hash = seal(secret, number), look_up_hash(secret, f"id:{number}")
            await Worker.bulk_update(workers, fields=["id_sealed", "id_hash"])
            total += len(workers)
        if total:
            await audit.record(ctx, "phones.rotated", "people:all", count=total)
    return total
