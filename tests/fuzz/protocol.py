"""Coverage-guided fuzzing of the callback's protocol; not part of the suite, for an hour of one's own.

    .venv/bin/pip install atheris
    .venv/bin/python -m tests.fuzz.protocol -max_total_time=3600

Whatever bytes come, sealed or clear, they are opened or refused: no other exception, no wrong
acceptance, and a message that is opened has a key and can be answered.
"""

import sys
from typing import Any

import atheris

with atheris.instrument_imports(include=["bot", "wechatpy", "xmltodict"]):
    from bot.cipher import MessageCipher, Undecipherable
    from bot.messages import Garbled, parse
    from bot.protocol import Protocol, Rejected, sign
    from bot.replies import MORE, render
    from handlers.lengths import cut
    from settings import MessageMode, Settings

DEMO = Settings(_env_file=".env.demo", callback_max_age=0, oa_message_mode=MessageMode.COMPATIBLE)
PROTOCOL = Protocol(DEMO)
CIPHER = MessageCipher(DEMO.oa_encoding_aes_key.get_secret_value())
TOKEN = DEMO.oa_token.get_secret_value().encode()
APP_ID = DEMO.oa_app_id.encode()


def query_for(encrypted: bytes) -> dict[str, str]:
    """A rightly signed query."""
    parts = {"timestamp": "1714112445", "nonce": "415670741"}
    signed = sign(TOKEN, b"1714112445", b"415670741", encrypted).decode()
    return parts | {"encrypt_type": "aes", "msg_signature": signed}


def open_sealed(clear: bytes) -> None:
    """What WeChat itself might send, whatever is inside."""
    encrypted = CIPHER.encrypt(clear, APP_ID)
    body = b"<xml><ToUserName><![CDATA[gh]]></ToUserName><Encrypt><![CDATA[%b]]></Encrypt></xml>" % encrypted
    opened = PROTOCOL.open(query_for(encrypted), body)
    opened.message.key()
    PROTOCOL.seal(render(cut("答" * 900, ending=MORE)[0], opened.message).encode(), opened)


def open_clear(body: bytes) -> None:
    """What anybody might send: never accepted without a signature."""
    try:
        PROTOCOL.open({"signature": "0" * 40, "timestamp": "1", "nonce": "2"}, body)
    except Rejected:
        return
    raise AssertionError("accepted without a signature")


def read_clear(body: bytes) -> None:
    try:
        message = parse(body)
    except Garbled:
        return
    message.key()
    render("答", message)


def decrypt(body: bytes) -> None:
    try:
        CIPHER.decrypt(body)
    except Undecipherable:
        return


def one_input(data: bytes) -> None:
    """Each input goes through every door."""
    for door in (open_sealed, open_clear, read_clear, decrypt):
        door(data)


def main(arguments: list[str]) -> Any:
    atheris.Setup(arguments, one_input)
    return atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
