"""Drawn pictures for the demo's first examples: hills, a hall, a flag. Nothing real."""

import io

SIZE = (960, 540)
SKIES = ((201, 222, 240), (246, 226, 201), (214, 234, 220), (228, 218, 238))
HILLS = ((122, 160, 118), (150, 138, 108), (98, 146, 136), (126, 132, 166))


def draw(number: int) -> bytes:
    """A picture; another number is another one. Slow: call it off the event loop."""
    from PIL import Image, ImageDraw

    wide, high = SIZE
    image = Image.new("RGB", SIZE, SKIES[number % len(SKIES)])
    pen = ImageDraw.Draw(image)
    hill = HILLS[number % len(HILLS)]
    for at in range(4):
        left = (at * 310 + number * 97) % wide - 260
        pen.ellipse((left, 230 + at * 18, left + 620, 620), fill=tuple(part - 14 * at for part in hill))
    pen.rectangle((0, 420, wide, high), fill=(206, 196, 178))
    across = 240 + number % 5 * 60
    pen.polygon([(across - 30, 270), (across + 210, 190), (across + 450, 270)], fill=(140, 60, 50))
    pen.rectangle((across, 270, across + 420, 440), fill=(240, 234, 222))
    for at in range(4 + number % 3):
        left = across + 24 + at * 64
        pen.rectangle((left, 310, left + 36, 370), fill=(120, 150, 176))
    pen.rectangle((across + 350, 340, across + 396, 440), fill=(150, 80, 60))
    pen.line((across - 70, 160, across - 70, 440), fill=(120, 120, 120), width=6)
    pen.polygon([(across - 67, 162), (across + 20, 176), (across - 67, 214)], fill=(196, 30, 34))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()
