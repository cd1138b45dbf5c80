"""What happens to a picture's bytes, in the confined process: recognised, turned upright, cleaned, made to fit.

Pictures are decoded and written anew, so nothing of the file survives but its pixels.
"""

import io
import struct
import warnings
from typing import Any

from PIL import Image, ImageCms, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
MAX_PIXELS = 40_000_000
MAX_SIDE = 2048
MAX_BYTES = 950_000
THUMB_SIDE = 480

# Twice the limit is where Pillow itself would refuse; the warning comes at the limit and is made an error.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

# Modes that can be made smaller as they are; the others (palettes, one bit) become full colours first.
_SCALABLE = frozenset({"RGB", "RGBA", "CMYK", "L", "I;16", "I;16B", "I;16L", "I", "F"})
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_JPEG_QUALITIES = (88, 80, 70)
_SHRINK = 0.85
_SMALLEST_SIDE = 64


class UnusablePicture(Exception):
    """The sentence says what to do."""


def shrink_for_parent(data: bytes) -> tuple[dict[str, Any], bytes]:
    """`shrink`, with the refusal as data; the blob is the picture followed by its thumbnail."""
    try:
        made = shrink(data)
    except UnusablePicture as refusal:
        return {"refusal": str(refusal)}, b""
    (picture, kind, size), (thumb, thumb_kind, _) = made
    head = {
        "kind": kind,
        "thumb_kind": thumb_kind,
        "width": size[0],
        "height": size[1],
        "split": len(picture),
    }
    return head, picture + thumb


Encoded = tuple[bytes, str, tuple[int, int]]


def shrink(data: bytes) -> tuple[Encoded, Encoded]:
    """The picture to keep and its thumbnail, each as (bytes, "jpg" or "png", size). Raises UnusablePicture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                _refuse_moving(opened)
                likes_png = opened.format in ("PNG", "GIF")
                picture = _upright_pixels(opened)
        except UnidentifiedImageError as error:
            raise UnusablePicture(_UNKNOWN) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise UnusablePicture(_TOO_MANY_PIXELS) from error
        except (MemoryError, UnusablePicture):
            raise
        except Exception as error:  # decoders answer damage with all kinds, RuntimeError and struct.error too
            raise UnusablePicture(_BROKEN) from error
    thumb = picture.copy()
    thumb.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
    return _encode(picture, likes_png=likes_png), _encode(thumb, likes_png=False)


_UNKNOWN = "We cannot use this file. Save the picture as JPEG, PNG, WebP, GIF or AVIF and upload that."
_MOVES = (
    "This picture moves, and most networks would show only its start. Save one still picture and upload that."
)
_TOO_MANY_PIXELS = "This picture has more than 40 million pixels. Make it smaller and upload it again."
_BROKEN = "This picture is damaged and cannot be opened. Save it again and upload the new file."


def _refuse_moving(opened: Image.Image) -> None:
    if getattr(opened, "is_animated", False):
        raise UnusablePicture(_MOVES)


def _upright_pixels(opened: Image.Image) -> Image.Image:
    """RGB or RGBA pixels in sRGB, the right way up, no side longer than allowed, and nothing else.

    Made smaller first, in place where the mode allows it: forty million pixels fit into memory once or twice.
    """
    profile, turn = opened.info.get("icc_profile"), _turn(opened)
    opened.draft("RGB", (MAX_SIDE, MAX_SIDE))
    picture = opened if opened.mode in _SCALABLE else opened.convert(_full_mode(opened))
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if turn is not None:
        picture = picture.transpose(turn)
    return _bare(_in_srgb(_eight_bit(picture), profile))


def _turn(opened: Image.Image) -> Image.Transpose | None:
    """How EXIF says the picture is to be turned; metadata that cannot be read turns nothing."""
    try:
        return _TURNS.get(int(opened.getexif().get(0x0112, 1)))
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, struct.error):
        return None


def _full_mode(picture: Image.Image) -> str:
    return "RGBA" if picture.has_transparency_data else "RGB"


def _eight_bit(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        return picture.convert("F").point(lambda value: value / 257).convert("L")
    if picture.mode in ("RGB", "L") and picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as every screen shows them; a profile that cannot be read is left aside."""
    target = "RGBA" if picture.mode == "RGBA" else "RGB"
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                picture, source, ImageCms.createProfile("sRGB"), outputMode=target
            )
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return picture.convert(target)


def _bare(picture: Image.Image) -> Image.Image:
    """The same pixels without anything attached; transparency that hides nothing is dropped."""
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    return bare


def _encode(picture: Image.Image, *, likes_png: bool) -> Encoded:
    """PNG for what is transparent or came as PNG, as long as it fits; otherwise JPEG on white, made to fit."""
    if likes_png or picture.mode == "RGBA":
        encoded = _save(picture, "PNG", optimize=True)
        if len(encoded) <= MAX_BYTES:
            return encoded, "png", picture.size
    flat = _on_white(picture)
    while True:
        for quality in _JPEG_QUALITIES:
            encoded = _save(flat, "JPEG", quality=quality, optimize=True, progressive=True)
            if len(encoded) <= MAX_BYTES:
                return encoded, "jpg", flat.size
        side = max(_SMALLEST_SIDE, int(max(flat.size) * _SHRINK))
        flat.thumbnail((side, side), Image.Resampling.LANCZOS)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A"))
    return flat


def _save(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()
