import pytest
from pytest_django import Settings

from accounts.sealing import SealBroken, seal, seal_json, unseal, unseal_json


def test_what_is_sealed_comes_back_and_cannot_be_read_meanwhile() -> None:
    sealed = seal_json({"jan@przyklad.iq.pl": "Zażółć1"})
    assert b"jan" not in sealed
    assert unseal_json(memoryview(sealed)) == {"jan@przyklad.iq.pl": "Zażółć1"}


def test_a_new_secret_key_still_opens_what_a_fallback_sealed(settings: Settings) -> None:
    sealed = seal(b"secret")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"
    assert unseal(sealed) == b"secret"


def test_another_key_opens_nothing(settings: Settings) -> None:
    sealed = seal(b"secret")
    settings.SECRET_KEY = "a new one"
    with pytest.raises(SealBroken):
        unseal(sealed)
