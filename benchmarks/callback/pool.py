"""Distinct sealed messages for the loader, and the checking of a reply."""

import random
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from bot.cipher import MessageCipher
from bot.protocol import sign
from settings import Settings

ACCOUNT = "gh_bench0000001"


def write(path: Path, texts: list[str], *, count: int, seed: int = 7) -> None:
    """One request a line: query, tab, ciphertext, tab, openid. Ids and nonces never repeat."""
    settings = Settings(_env_file=".env.demo")
    cipher = MessageCipher(settings.oa_encoding_aes_key.get_secret_value())
    token, app_id = settings.oa_token.get_secret_value().encode(), settings.oa_app_id.encode()
    chance = random.Random(seed)
    senders = [f"oBench{chance.getrandbits(88):022x}" for _ in range(2000)]
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            sender, now = chance.choice(senders), str(int(time.time())).encode()
            nonce = str(chance.randrange(10**9)).encode()
            message = (
                f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>\n"
                f"<FromUserName><![CDATA[{sender}]]></FromUserName>\n"
                f"<CreateTime>{now.decode()}</CreateTime>\n"
                f"<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[{chance.choice(texts)}]]></Content>\n"
                f"<MsgId>{24 * 10**15 + seed * 10**9 + number}</MsgId>\n</xml>"
            )
            encrypted = cipher.encrypt(message.encode(), app_id)
            query = (
                f"signature={sign(token, now, nonce).decode()}&timestamp={now.decode()}"
                f"&nonce={nonce.decode()}&openid={sender}&encrypt_type=aes"
                f"&msg_signature={sign(token, now, nonce, encrypted).decode()}"
            )
            file.write(f"{query}\t{encrypted.decode()}\t{sender}\n")


def check(reply: bytes, sender: str) -> str:
    """The text of a sealed reply; its signature, addresses and kind must be right."""
    settings = Settings(_env_file=".env.demo")
    cipher = MessageCipher(settings.oa_encoding_aes_key.get_secret_value())
    outer = {member.tag: member.text or "" for member in ET.fromstring(reply)}
    parts = (outer["TimeStamp"].encode(), outer["Nonce"].encode(), outer["Encrypt"].encode())
    assert sign(settings.oa_token.get_secret_value().encode(), *parts).decode() == outer["MsgSignature"]
    clear, app_id = cipher.decrypt(outer["Encrypt"].encode())
    assert app_id.decode() == settings.oa_app_id
    inner = {member.tag: member.text or "" for member in ET.fromstring(clear)}
    assert (inner["ToUserName"], inner["FromUserName"], inner["MsgType"]) == (sender, ACCOUNT, "text")
    return inner["Content"]
