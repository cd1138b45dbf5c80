"""Pictures in: what is kept, what is refused, and what never survives."""

import hashlib
import io
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from content_library.confined import ConfinedPool
from content_library.errors import InvalidInput, NotFound
from content_library.image_work import UnusablePicture, shrink
from content_library.media_store import (
    StoredImage,
    media_mime,
    media_path,
    open_media,
    remove_image,
    store_image,
)


@pytest.fixture(scope="module")
def pool() -> Iterator[ConfinedPool]:
    pool = ConfinedPool(size=1)
    yield pool
    pool.close()


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def photo(width: int, height: int) -> Image.Image:
    """Blocks of chance, which no encoder makes small."""
    noise = Image.frombytes(
        "RGB", (width // 4, height // 4), random.Random(7).randbytes(width // 4 * (height // 4) * 3)
    )
    return noise.resize((width, height), Image.Resampling.BICUBIC)


def kept(stored: StoredImage, folder: Path) -> Image.Image:
    with open_media(folder, stored.name) as file:
        picture = Image.open(io.BytesIO(file.read()))
    picture.load()
    return picture


def refused(data: bytes, folder: Path, pool: ConfinedPool) -> str:
    with pytest.raises(InvalidInput) as refusal:
        store_image(data, folder=folder, pool=pool)
    assert list(folder.iterdir()) == []
    return refusal.value.message


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_the_five_kinds_of_picture_are_kept(kind: str, tmp_path: Path, pool: ConfinedPool) -> None:
    stored = store_image(encoded(Image.new("RGB", (90, 60), "teal"), kind), folder=tmp_path, pool=pool)
    picture = kept(stored, tmp_path)
    assert (stored.width, stored.height) == picture.size == (90, 60)
    red, green, blue = picture.convert("RGB").getpixel((45, 30))  # type: ignore[misc]
    assert red < 12 and abs(green - 128) < 12 and abs(blue - 128) < 12
    assert stored.mime == media_mime(stored.name) == f"image/{(picture.format or '').lower()}"


def test_what_is_told_is_what_lies_on_the_disk(tmp_path: Path, pool: ConfinedPool) -> None:
    stored = store_image(encoded(photo(400, 300), "JPEG"), folder=tmp_path, pool=pool)
    data = media_path(tmp_path, stored.name).read_bytes()
    assert (stored.sha256, stored.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert {path.name for path in tmp_path.iterdir()} == {stored.name, stored.thumb_name}


def test_a_large_photo_fits_every_network_and_has_a_thumbnail(tmp_path: Path, pool: ConfinedPool) -> None:
    stored = store_image(encoded(photo(5000, 3000), "JPEG", quality=95), folder=tmp_path, pool=pool)
    assert stored.size <= 950_000
    assert max(stored.width, stored.height) <= 2048
    assert abs(stored.width / stored.height - 5 / 3) < 0.01
    with open_media(tmp_path, stored.thumb_name) as file, Image.open(file) as thumb:
        assert thumb.size == (480, 288)


def test_a_noisy_png_becomes_a_jpeg_when_it_does_not_fit(tmp_path: Path, pool: ConfinedPool) -> None:
    stored = store_image(encoded(photo(1600, 1200), "PNG"), folder=tmp_path, pool=pool)
    assert stored.mime == "image/jpeg" and stored.size <= 950_000


def test_a_screenshot_stays_sharp_as_png(tmp_path: Path, pool: ConfinedPool) -> None:
    picture = Image.new("RGB", (800, 600), "white")
    ImageDraw.Draw(picture).text((10, 10), "Words", fill="black")
    stored = store_image(encoded(picture, "PNG"), folder=tmp_path, pool=pool)
    assert stored.mime == "image/png"
    assert kept(stored, tmp_path).convert("RGB").tobytes() == picture.tobytes()


def test_transparency_is_kept_where_it_fits_and_white_where_it_does_not() -> None:
    clear = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    (data, kind, _), _ = shrink(encoded(clear, "WEBP", lossless=True))
    assert kind == "png"
    assert Image.open(io.BytesIO(data)).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]
    noisy = photo(1600, 1200).convert("RGBA")
    noisy.paste((0, 0, 0, 0), (0, 0, 400, 400))
    (data, kind, _), _ = shrink(encoded(noisy, "PNG"))
    assert kind == "jpg"
    assert min(Image.open(io.BytesIO(data)).getpixel((100, 100))) > 240  # type: ignore[arg-type, type-var]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_picture_is_turned_upright_and_its_metadata_is_gone(kind: str) -> None:
    picture = Image.new("RGB", (60, 30), "red")
    picture.paste("blue", (0, 0, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    exif[0x010F] = "Camera of Anna Bell"
    exif.get_ifd(0x8825)[1] = "N"
    options: dict[str, Any] = {"exif": exif}
    if kind == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Author", "Anna Bell")
    (data, _, size), (thumb, _, _) = shrink(encoded(picture, kind, **options))
    upright = Image.open(io.BytesIO(data)).convert("RGB")
    assert size == upright.size == (30, 60)
    assert upright.getpixel((15, 5))[2] > 200 and upright.getpixel((15, 55))[0] > 200  # type: ignore[index]
    for made in (data, thumb):
        assert b"Anna" not in made and b"Exif" not in made and b"eXIf" not in made
        assert not Image.open(io.BytesIO(made)).getexif()


def test_broken_metadata_does_not_cost_the_picture() -> None:
    data = encoded(Image.new("RGB", (20, 20), "red"), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert shrink(data)[0][2] == (20, 20)


def test_what_was_appended_to_a_file_does_not_survive() -> None:
    data = encoded(Image.new("RGB", (20, 20), "red"), "PNG") + b"<script>alert(1)</script>"
    assert b"script" not in shrink(data)[0][0]


def test_a_colour_profile_is_used_and_then_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    for embedded in (srgb.tobytes(), profile.tobytes(), b"not a profile"):
        data = encoded(Image.new("RGB", (20, 20), (200, 30, 30)), "JPEG", icc_profile=embedded)
        made = Image.open(io.BytesIO(shrink(data)[0][0]))
        assert "icc_profile" not in made.info
        assert made.getpixel((5, 5))[0] > 180  # type: ignore[index]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_way_of_storing_pixels_becomes_plain_colours(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    grey = Image.new("L", (40, 40), 255)
    picture = grey.convert("I;16").point(lambda value: value * 257) if mode == "I;16" else grey.convert(mode)
    made = Image.open(io.BytesIO(shrink(encoded(picture, kind))[0][0]))
    assert made.mode == "RGB"
    assert min(made.getpixel((20, 20))) > 250  # type: ignore[arg-type, type-var]


# --- refused ------------------------------------------------------------------------------------------

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "data",
    [
        SVG,
        b"plain words",
        b"%PDF-1.7",
        encoded(Image.new("RGB", (9, 9)), "BMP"),
        encoded(Image.new("RGB", (9, 9)), "TIFF"),
        encoded(Image.new("RGB", (9, 9)), "ICO"),
    ],
)
def test_anything_but_the_five_kinds_is_refused_by_its_content(
    data: bytes, tmp_path: Path, pool: ConfinedPool
) -> None:
    assert refused(data, tmp_path, pool) == (
        "We cannot use this file. Save the picture as JPEG, PNG, WebP, GIF or AVIF and upload that."
    )


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_moving_picture_is_refused_with_what_to_do(kind: str, tmp_path: Path, pool: ConfinedPool) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    assert "Save one still picture" in refused(data, tmp_path, pool)


def test_a_gif_of_one_frame_is_a_still_picture() -> None:
    assert shrink(encoded(Image.new("P", (20, 20)), "GIF", save_all=True))[0][1] == "png"


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says, truthfully, that it is huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(6400, 6400), (20_000, 20_000), (40_000_001, 1)])
def test_more_than_forty_million_pixels_are_refused_before_they_are_unpacked(
    width: int, height: int, tmp_path: Path, pool: ConfinedPool
) -> None:
    data = png_bomb(width, height)
    assert len(data) < 100_000
    assert "40 million pixels" in refused(data, tmp_path, pool)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "1", "L", "I;16"])
def test_a_picture_just_below_the_limit_fits_into_memory(
    mode: str, tmp_path: Path, pool: ConfinedPool
) -> None:
    picture = Image.new(mode, (6300, 6300))
    stored = store_image(encoded(picture, "PNG", compress_level=1), folder=tmp_path, pool=pool)
    assert (stored.width, stored.height) == (2048, 2048)


def test_a_picture_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    small = ConfinedPool(size=1, memory_bytes=40 * 2**20)
    try:
        message = refused(encoded(Image.new("RGB", (5000, 5000)), "PNG"), tmp_path, small)
        assert message == (
            "This picture takes too much time or memory to open. Save it as a smaller JPEG and upload that."
        )
    finally:
        small.close()


def test_a_damaged_or_cut_off_picture_is_refused(tmp_path: Path, pool: ConfinedPool) -> None:
    data = encoded(photo(400, 400), "PNG")
    assert "damaged" in refused(data[: len(data) // 2], tmp_path, pool)
    assert "empty" in refused(b"", tmp_path, pool)


def test_a_file_of_more_than_thirty_megabytes_is_refused_unopened(tmp_path: Path, pool: ConfinedPool) -> None:
    assert "larger than 20 MB" in refused(bytes(20_000_001), tmp_path, pool)


SAMPLES = [
    encoded(Image.new("RGB", (24, 24), "red"), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    sample=st.sampled_from(SAMPLES),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 400),
)
def test_a_file_changed_anywhere_is_a_picture_or_a_refusal(
    sample: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(sample)
    for position, value in changes:
        data[position % len(data)] = value
    try:
        (picture, kind, _), _ = shrink(bytes(data[: max(1, len(data) - cut // 8)]))
    except (UnusablePicture, MemoryError):
        return
    assert kind in {"jpg", "png"} and len(picture) <= 950_000


# --- lying on the disk --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../secret",
        "/etc/passwd",
        "a.jpg",
        "0" * 32,
        "0" * 32 + ".svg",
        "0" * 32 + ".jpg\n",
        "0" * 32 + ".jpg",
    ],
)
def test_only_names_that_we_gave_are_opened(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(NotFound):
        open_media(tmp_path, name)


def test_a_link_to_elsewhere_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / ("0" * 32 + ".jpg")).symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound):
        open_media(tmp_path, "0" * 32 + ".jpg")


def test_a_removed_picture_is_gone_with_its_thumbnail(tmp_path: Path, pool: ConfinedPool) -> None:
    stored = store_image(SAMPLES[0], folder=tmp_path / "new", pool=pool)
    remove_image(tmp_path / "new", stored)
    remove_image(tmp_path / "new", stored)
    assert list((tmp_path / "new").iterdir()) == []
