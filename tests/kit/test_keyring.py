"""The server's secret."""

from pathlib import Path

import pytest

from plauder.kit.keyring import BadKey, Keyring


def test_it_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    first = Keyring.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Keyring.open(path).derive("codes") == first.derive("codes")
    assert first.derive("codes") != first.derive("tokens")


def test_pseudonyms_do_not_run_together() -> None:
    keyring = Keyring(bytes(32))
    assert keyring.pseudonym("numbers", "1", "2") != keyring.pseudonym("numbers", "12")
    assert keyring.pseudonym("numbers", "1") != Keyring(b"x" * 32).pseudonym("numbers", "1")


def test_sealing() -> None:
    keyring = Keyring(bytes(32))
    sealed = keyring.seal("tokens", b"token")
    assert b"token" not in sealed
    assert sealed != keyring.seal("tokens", b"token")
    assert keyring.unseal("tokens", sealed) == b"token"
    assert keyring.unseal("codes", sealed) is None
    for altered in (b"", b"x", sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        assert keyring.unseal("tokens", altered) is None


def test_a_broken_key_is_told(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(b"short")
    with pytest.raises(BadKey, match="32 bytes"):
        Keyring.open(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(BadKey, match="cannot be read"):
        Keyring.open(path)
