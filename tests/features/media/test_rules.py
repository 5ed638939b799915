import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.features.media.rules import (
    LONGEST_NAME,
    Policy,
    Use,
    clean_name,
    clean_type,
    is_shown_inline,
    may_upload,
)

POLICY = Policy(max_bytes=1_000, daily_bytes=2_500, kept_bytes=5_000, blocked_types=("application/x-msdownload",))


@pytest.mark.parametrize(
    ("size", "media_type", "use", "why"),
    [
        (1_000, "image/jpeg", Use(0, 0), "within-limits"),
        (0, "image/jpeg", Use(0, 0), "empty"),
        (1_001, "image/jpeg", Use(0, 0), "too-large"),
        (10, "application/x-msdownload", Use(0, 0), "type-blocked"),
        (1_000, "image/jpeg", Use(1_501, 1_501), "daily-quota"),
        (1_000, "image/jpeg", Use(0, 4_001), "kept-quota"),
    ],
)
def test_a_slot_is_given_within_the_limits(size: int, media_type: str, use: Use, why: str) -> None:
    verdict = may_upload(size, media_type, use, POLICY)
    assert verdict.why == why
    assert verdict.allowed == (why == "within-limits")


def test_a_disk_without_room_gives_none() -> None:
    assert may_upload(1_000, "image/jpeg", Use(0, 0), POLICY, has_room=False).why == "disk-full"


@given(st.text())
def test_a_name_never_leaves_its_folder_or_its_header(name: str) -> None:
    clean = clean_name(name)
    assert 1 <= len(clean) <= LONGEST_NAME
    assert not set(clean) & set('/\\"\r\n\0')
    assert clean.strip(".")


@pytest.mark.parametrize(
    ("name", "clean"),
    [("../../etc/passwd", "passwd"), ("C:\\boot.ini", "boot.ini"), ("..", "file"), ("Größe 1.pdf", "Größe 1.pdf")],
)
def test_names_of_other_systems_lose_their_folders(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_a_type_is_a_type_or_nothing_special() -> None:
    assert clean_type("Image/JPEG; q=1") == "image/jpeg"
    assert clean_type("text/html\r\nSet-Cookie: x") == "application/octet-stream"
    assert not is_shown_inline("text/html")
    assert not is_shown_inline("image/svg+xml")
