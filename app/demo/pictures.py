"""Pictures for the demo, drawn here so that nobody else's are needed."""

import io

from PIL import Image, ImageDraw

SIZE = (1600, 900)
TEAL, CREAM, INK, COPPER, MIST = "#0f5e63", "#f6efe2", "#23302f", "#c2703d", "#d9e6e3"


def kettle() -> bytes:
    """A kettle on a worktop, as a PNG."""
    image, draw = _canvas(MIST)
    draw.rectangle((0, 690, 1600, 900), fill=CREAM)
    draw.ellipse((560, 300, 1040, 720), fill=TEAL)
    draw.rectangle((560, 510, 1040, 700), fill=TEAL)
    draw.rounded_rectangle((540, 670, 1060, 720), 20, fill=INK)
    draw.polygon([(1010, 430), (1200, 330), (1225, 372), (1035, 560)], fill=TEAL)
    draw.arc((640, 130, 960, 460), 180, 360, fill=INK, width=34)
    draw.ellipse((768, 262, 832, 326), fill=COPPER)
    for shift in (0, 60, 120):
        draw.arc((1180 + shift, 150, 1260 + shift, 310), 90, 250, fill="#ffffff", width=12)
    return _png(image)


def dial_and_buttons() -> bytes:
    """Two toasters: one with a dial, one with buttons."""
    image, draw = _canvas(CREAM)
    for left, colour in ((180, TEAL), (880, COPPER)):
        draw.rounded_rectangle((left, 300, left + 540, 720), 70, fill=colour)
        draw.rounded_rectangle((left + 90, 250, left + 450, 300), 20, fill=INK)
        draw.rectangle((left + 40, 720, left + 500, 750), fill=INK)
    draw.ellipse((350, 430, 550, 630), fill=CREAM)
    draw.line((450, 530, 450, 450), fill=INK, width=18)
    for row in range(3):
        draw.rounded_rectangle((1040, 420 + row * 85, 1260, 480 + row * 85), 24, fill=CREAM)
    return _png(image)


def _canvas(colour: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", SIZE, colour)
    return image, ImageDraw.Draw(image)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
