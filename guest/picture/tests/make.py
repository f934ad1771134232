"""Makes pictures/: small files of every kind that is read, with the pixels that
Pillow reads from them, and what Pillow's and torchvision's steps make of them.

    python3 -m venv /tmp/picture-venv
    /tmp/picture-venv/bin/pip install -r requirements.txt
    /tmp/picture-venv/bin/python make.py

cases.json lists the cases. Pixels are compared bit for bit, so that a hash of them
is all that has to be kept, with the first few for whoever looks for a difference.
torchvision is not needed: its rules for sizes and places are a few lines each, here
as in torchvision.transforms.functional.
"""

import hashlib
import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageOps

HERE = pathlib.Path(__file__).parent / "pictures"
FILES = {}
DECODED = []
STEPS = []
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def photo(width, height, seed=1, detail=1.0):
    """Soft shapes, some grain, hard edges and letters: what a photograph has."""
    rng = np.random.default_rng(seed)
    values = np.zeros((height, width, 3))
    for cells, strength in ((3, 70), (9, 40), (30, 20)):
        coarse = rng.normal(size=(cells, cells, 3)) * strength
        for channel in range(3):
            layer = Image.fromarray(coarse[..., channel].astype("f4"))
            values[..., channel] += np.asarray(layer.resize((width, height), Image.BICUBIC))
    values += rng.normal(size=values.shape) * 4 * detail
    picture = Image.fromarray(np.clip(values * 0.8 + 120, 0, 255).astype("u1"))
    draw = ImageDraw.Draw(picture)
    draw.text((2, 2), "Outpost 0123", fill=(255, 255, 255))
    draw.ellipse((width // 3, height // 3, width // 2, height // 2), outline=(255, 0, 0))
    draw.rectangle((width // 2, height // 4, width * 3 // 4, height // 2), fill=(0, 0, 255))
    return picture


def gradient(width, height):
    across = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    down = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    return Image.fromarray(np.stack([across, down, (across + down) / 2], -1).astype("u1"))


def noise(width, height, channels=3, seed=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype="u1"))


def pixels(array):
    array = np.ascontiguousarray(array)
    return {
        "shape": list(array.shape),
        "sha256": hashlib.sha256(array.tobytes()).hexdigest(),
        "first": array.reshape(-1)[:12].tolist(),
    }


def keep(name, data):
    assert name not in FILES, name
    FILES[name] = data
    (HERE / name).write_bytes(data)


def decoded(name, data, orient=False):
    """A file, and what Pillow makes of it as RGB and as L."""
    keep(name, data)
    picture = Image.open(io.BytesIO(data))
    case = {"file": name, "rgb": pixels(np.asarray(picture.convert("RGB")))}
    case["gray"] = pixels(np.asarray(picture.convert("RGB").convert("L")))
    if orient:
        turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        case["oriented"] = pixels(np.asarray(turned.convert("RGB")))
    DECODED.append(case)


def saved(picture, format, **options):
    data = io.BytesIO()
    picture.save(data, format, **options)
    return data.getvalue()


# JPEG


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def without(data, *markers):
    """A JPEG without the segments of these markers."""
    out, at = data[:2], 2
    while data[at + 1] != 0xDA:
        length = 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        if data[at + 1] not in markers:
            out += data[at : at + length]
        at += length
    return out + data[at:]


def with_sampling(data, factors):
    """A JPEG of as many components whose frame claims other sampling factors."""
    at = data.index(b"\xff\xc0")
    data = bytearray(data)
    for component, factor in enumerate(factors):
        data[at + 11 + 3 * component] = factor
    return bytes(data)


def encode_scans(components, width, height, sampling, scans, interval=0):
    """A baseline JPEG of flat quantisation from samples, with scans as one likes:
    what Pillow's encoder cannot write (odd sampling, components one by one)."""
    zigzag = sorted(
        range(64),
        key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)),
    )
    basis = np.array(
        [
            [np.cos((2 * x + 1) * u * np.pi / 16) * (np.sqrt(1 / 8) if u == 0 else 0.5) for x in range(8)]
            for u in range(8)
        ]
    )
    most = (max(h for h, _ in sampling), max(v for _, v in sampling))
    units = (-(-width // (8 * most[0])), -(-height // (8 * most[1])))
    step = 6
    blocks, own = [], []
    for samples, (h, v) in zip(components, sampling):
        w, t = -(-width * h // most[0]), -(-height * v // most[1])
        samples = np.asarray(Image.fromarray(samples).resize((w, t), Image.BOX)).astype(float)
        full = np.pad(samples, ((0, units[1] * v * 8 - t), (0, units[0] * h * 8 - w)), "edge")
        full = full.reshape(units[1] * v, 8, units[0] * h, 8).transpose(0, 2, 1, 3) - 128
        blocks.append(np.rint(basis @ full @ basis.T / step).astype(int))
        own.append((-(-w // 8), -(-t // 8)))
    # One table for everything: all symbols in eight bits, but for the last ones.
    symbols = list(range(12)) + [r << 4 | s for r in range(16) for s in range(1, 11)] + [0xF0]
    symbols = sorted(set(symbols))
    codes = {symbol: (code, 8) for code, symbol in enumerate(symbols)}
    counts = [0] * 7 + [len(symbols)] + [0] * 8

    out = b"\xff\xd8" + segment(0xDB, b"\0" + bytes([step] * 64))
    header = struct.pack(">BHHB", 8, height, width, len(components))
    for number, (h, v) in enumerate(sampling):
        header += bytes([number + 1, h << 4 | v, 0])
    out += segment(0xC0, header)
    out += segment(0xC4, b"\x00" + bytes([0] * 3 + [12] + [0] * 12) + bytes(range(12)))
    out += segment(0xC4, b"\x10" + bytes(counts) + bytes(symbols))
    if interval:
        out += segment(0xDD, struct.pack(">H", interval))
    for scan in scans:
        out += segment(0xDA, bytes([len(scan)]) + b"".join(bytes([c + 1, 0]) for c in scan) + b"\0\x3f\0")
        bits, before, units_done, restarts = [], {c: 0 for c in scan}, 0, 0
        body = b""

        def put(value, length):
            bits.extend(value >> place & 1 for place in reversed(range(length)))

        def number(value):
            size = abs(value).bit_length()
            return size, value if value > 0 else value + (1 << size) - 1

        def block(component, x, y):
            values = blocks[component][y, x].reshape(-1)[zigzag]
            size, rest = number(int(values[0]) - before[component])
            before[component] = int(values[0])
            put(size, 4)
            put(rest, size)
            run = 0
            last = max(np.flatnonzero(values[1:]) + 1, default=0)
            for value in values[1 : last + 1]:
                if value == 0:
                    run += 1
                    continue
                while run > 15:
                    put(*codes[0xF0])
                    run -= 16
                size, rest = number(int(value))
                put(*codes[run << 4 | size])
                put(rest, size)
                run = 0
            if last < 63:
                put(*codes[0])

        def flush():
            bits.extend([1] * (-len(bits) % 8))
            data = np.packbits(np.array(bits, dtype="u1")).tobytes() if bits else b""
            bits.clear()
            return data.replace(b"\xff", b"\xff\0")

        alone = len(scan) == 1
        columns, rows = own[scan[0]] if alone else units
        for row in range(rows):
            for column in range(columns):
                if interval and units_done and units_done % interval == 0:
                    body += flush() + bytes([0xFF, 0xD0 + restarts % 8])
                    restarts += 1
                    before.update({c: 0 for c in scan})
                units_done += 1
                for component in scan:
                    h, v = (1, 1) if alone else sampling[component]
                    for y in range(row * v, row * v + v):
                        for x in range(column * h, column * h + h):
                            block(component, x, y)
        out += body + flush()
    return out + b"\xff\xd9"


def jpegs():
    for size in ((1, 1), (2, 3), (3, 2), (5, 9), (7, 8), (8, 7), (16, 16), (17, 31), (33, 18), (97, 61)):
        picture = photo(*size, detail=2)
        for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
            data = saved(picture, "JPEG", quality=88, subsampling=subsampling)
            decoded(f"{size[0]}x{size[1]}-{name}.jpg", data)
    picture = photo(150, 101)
    for quality in (1, 30, 75, 100):
        decoded(f"quality-{quality}.jpg", saved(picture, "JPEG", quality=quality))
    decoded("noise.jpg", saved(noise(64, 40), "JPEG", quality=95, subsampling=0))
    decoded("noise-420.jpg", saved(noise(41, 43), "JPEG", quality=60))
    decoded("gradient.jpg", saved(gradient(90, 70), "JPEG", quality=90))
    decoded("optimised.jpg", saved(picture, "JPEG", quality=80, optimize=True))
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        data = saved(picture, "JPEG", quality=85, progressive=True, subsampling=subsampling)
        decoded(f"progressive-{name}.jpg", data)
    decoded("progressive-100.jpg", saved(noise(40, 27), "JPEG", quality=100, progressive=True))
    decoded("progressive-1x1.jpg", saved(photo(1, 1), "JPEG", progressive=True))
    decoded("gray.jpg", saved(picture.convert("L"), "JPEG", quality=85))
    decoded("gray-progressive.jpg", saved(picture.convert("L"), "JPEG", progressive=True))
    for name, interval in (("blocks", 3), ("many", 1)):
        data = saved(picture, "JPEG", restart_marker_blocks=interval)
        decoded(f"restart-{name}.jpg", data)
    decoded("restart-rows.jpg", saved(picture, "JPEG", progressive=True, restart_marker_rows=1))

    cmyk = Image.fromarray(np.dstack([np.asarray(picture), np.asarray(picture.convert("L"))]), "CMYK")
    decoded("cmyk.jpg", saved(cmyk, "JPEG", quality=90))
    decoded("cmyk-420.jpg", saved(cmyk, "JPEG", quality=90, subsampling=2, progressive=True))
    plain = saved(cmyk, "JPEG", quality=90)
    decoded("cmyk-no-adobe.jpg", without(plain, 0xEE))
    adobe = plain.index(b"Adobe")
    decoded("ycck.jpg", plain[: adobe + 11] + b"\x02" + plain[adobe + 12 :])

    plain = saved(picture, "JPEG", quality=85, subsampling=0)
    adobe = lambda transform: segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))
    bare = without(plain, 0xE0)
    decoded("no-jfif.jpg", bare)
    decoded("adobe-rgb.jpg", bare[:2] + adobe(0) + bare[2:])
    decoded("adobe-ycc.jpg", bare[:2] + adobe(1) + bare[2:])
    decoded("adobe-jfif.jpg", plain[:20] + adobe(0) + plain[20:])
    decoded("keep-rgb.jpg", saved(picture, "JPEG", keep_rgb=True))
    frame, scan = bare.index(b"\xff\xc0"), bare.index(b"\xff\xda")
    named = bytearray(bare)
    for number, letter in enumerate(b"RGB"):
        named[frame + 10 + 3 * number] = letter
        named[scan + 5 + 2 * number] = letter
    decoded("ids-rgb.jpg", bytes(named))
    decoded("trailing.jpg", plain + b"whatever follows \xff\xd8\xff")
    decoded("comment.jpg", plain[:2] + segment(0xFE, b"\xff\xd9 a comment") + b"\xff\xff" + plain[2:])
    wide = plain.index(b"\xff\xdb")
    table = plain[wide + 5 : wide + 69]
    sixteen = segment(0xDB, b"\x10" + b"".join(bytes([0, value]) for value in table))
    extended = plain[:wide] + sixteen + plain[wide + 69 :].replace(b"\xff\xc0", b"\xff\xc1", 1)
    decoded("quantisation-16.jpg", extended)

    ycc = [np.asarray(channel) for channel in photo(75, 53).convert("YCbCr").split()]
    for name, sampling in {
        "440": [(1, 2), (1, 1), (1, 1)],
        "411": [(4, 1), (1, 1), (1, 1)],
        "410": [(4, 2), (1, 1), (1, 1)],
        "441": [(1, 4), (1, 1), (1, 1)],
        "uneven": [(2, 2), (2, 1), (1, 2)],
        "chroma-finer": [(1, 1), (2, 2), (1, 2)],
        "all-2x2": [(2, 2), (2, 2), (1, 1)],
    }.items():
        decoded(f"sampling-{name}.jpg", encode_scans(ycc, 75, 53, sampling, [[0, 1, 2]]))
    low = [(2, 2), (1, 1), (1, 1)]
    decoded("scans-3.jpg", encode_scans(ycc, 75, 53, low, [[0], [1], [2]]))
    decoded("scans-2.jpg", encode_scans(ycc, 75, 53, low, [[1, 2], [0]]))
    decoded("scans-restart.jpg", encode_scans(ycc, 75, 53, low, [[0], [2], [1]], interval=4))
    decoded("gray-2x2.jpg", encode_scans(ycc[:1], 75, 53, [(2, 2)], [[0]]))
    decoded("restart-custom.jpg", encode_scans(ycc, 75, 53, low, [[0, 1, 2]], interval=2))
    for width in (1, 2, 3, 4, 5):
        cut = [channel[:7, :width] for channel in ycc]
        decoded(f"narrow-{width}.jpg", encode_scans(cut, width, 7, low, [[0, 1, 2]]))
        decoded(f"flat-{width}.jpg", encode_scans([c.T for c in cut], 7, width, [(1, 2), (1, 1), (1, 1)], [[0, 1, 2]]))


# PNG


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, colour, rows, before=b"", after=b"", interlace=0):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + before
        + chunk(b"IDAT", zlib.compress(rows))
        + after
        + chunk(b"IEND", b"")
    )


def packed(samples, depth):
    """Rows of samples [H, W * channels] in `depth` bits, each filtered by none."""
    rows = b""
    for row in samples:
        if depth == 16:
            data = row.astype(">u2").tobytes()
        else:
            bits = (row[:, None] >> np.arange(depth - 1, -1, -1) & 1).reshape(-1).astype("u1")
            data = np.packbits(bits).tobytes()
        rows += b"\0" + data
    return rows


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def pngs():
    rng = np.random.default_rng(5)
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
    palette = rng.integers(0, 256, (256, 3), dtype="u1")
    for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            width, height, count = 21, 13, channels[colour]
            samples = rng.integers(0, 1 << depth, (height, width, count))
            if (colour, depth) == (0, 16):
                samples[:, ::2] >>= 7
            before = chunk(b"PLTE", palette[: 1 << depth].tobytes()) if colour == 3 else b""
            name = f"png-{colour}-{depth}"
            decoded(f"{name}.png", png(width, height, depth, colour, packed(samples.reshape(height, -1), depth), before))
            rows = b""
            for left, top, across, down in ADAM7:
                part = samples[top::down, left::across]
                if part.size:
                    rows += packed(part.reshape(len(part), -1), depth)
            decoded(f"{name}-interlaced.png", png(width, height, depth, colour, rows, before, interlace=1))
    picture = photo(60, 45)
    decoded("filtered.png", saved(picture, "PNG", optimize=True))
    decoded("gradient.png", saved(gradient(50, 31), "PNG"))
    decoded("alpha.png", saved(Image.fromarray(np.dstack([np.asarray(picture), np.asarray(noise(60, 45, 1))])), "PNG"))
    decoded("1x1.png", saved(photo(1, 1), "PNG"))
    decoded("transparent-palette.png", saved(picture.quantize(17), "PNG", transparency=3))
    decoded("transparent-rgb.png", saved(picture, "PNG", transparency=(0, 0, 255)))
    decoded("transparent-gray.png", saved(picture.convert("L"), "PNG", transparency=7))
    decoded("transparent-bit.png", saved(picture.convert("1"), "PNG", transparency=0))
    short = packed(np.arange(16).reshape(4, 4), 8)
    decoded("palette-short.png", png(4, 4, 8, 3, short, chunk(b"PLTE", palette[:5].tobytes())))
    decoded("gamma.png", png(4, 4, 8, 0, short, chunk(b"gAMA", struct.pack(">I", 20000)) + chunk(b"tEXt", b"a\0b")))
    frames = [photo(20, 15, seed) for seed in (7, 8)]
    decoded("animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    no_end = saved(gradient(9, 9), "PNG")[:-12]
    decoded("no-end.png", no_end)


# Orientation


def exif(orientation, big=False, kind=3):
    order = ">" if big else "<"
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *([orientation, 0] if kind == 3 else [orientation]))
    entries = struct.pack(order + "HHI", 0x010F, 2, 4) + b"abc\0" + struct.pack(order + "HHI", 0x0112, kind, 1) + value
    return (b"MM\0*" if big else b"II*\0") + struct.pack(order + "IH", 8, 2) + entries + b"\0\0\0\0"


def orientations():
    picture = photo(23, 14)
    plain = saved(picture, "JPEG", quality=90)
    for number in range(10):
        data = exif(number, big=number % 2 == 0)
        decoded(f"exif-{number}.jpg", saved(picture, "JPEG", quality=90, exif=data), orient=True)
    decoded("exif-long.jpg", saved(picture, "JPEG", exif=exif(6, kind=4)), orient=True)
    decoded("exif-broken.jpg", saved(picture, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0"), orient=True)
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    decoded("xmp.jpg", plain[:20] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp) + plain[20:], orient=True)
    element = b"<x:xmpmeta><tiff:Orientation>3</tiff:Orientation></x:xmpmeta>"
    decoded("xmp-element.jpg", plain[:20] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + element) + plain[20:], orient=True)
    for number in (1, 5, 6):
        decoded(f"exif-{number}.png", saved(picture, "PNG", exif=exif(number)), orient=True)
    samples = packed(np.arange(12).reshape(3, 4) * 20, 8)
    decoded("exif-late.png", png(4, 3, 8, 0, samples, after=chunk(b"eXIf", exif(8))), orient=True)
    text = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp
    decoded("xmp.png", png(4, 3, 8, 0, samples, before=chunk(b"iTXt", text)), orient=True)


# Steps


def stepped(name, file, steps, value):
    STEPS.append({"name": name, "file": file, "steps": steps, **pixels(value)})


def shorter(width, height, size, longest=None):
    """torchvision's _compute_resized_image_output_size."""
    short, long = (width, height) if width <= height else (height, width)
    new_short, new_long = size, int(size * long / short)
    if longest is not None and new_long > longest:
        new_short, new_long = int(longest * new_short / new_long), longest
    return (new_short, new_long) if width <= height else (new_long, new_short)


def longer(width, height, size):
    short, long = (width, height) if width <= height else (height, width)
    new = int(size * short / long), size
    return new if width <= height else new[::-1]


def centre_crop(picture, width, height):
    """torchvision's center_crop, with its pad."""
    own_width, own_height = picture.size
    if width > own_width or height > own_height:
        left = (width - own_width) // 2 if width > own_width else 0
        top = (height - own_height) // 2 if height > own_height else 0
        right = (width - own_width + 1) // 2 if width > own_width else 0
        bottom = (height - own_height + 1) // 2 if height > own_height else 0
        picture = ImageOps.expand(picture, (left, top, right, bottom), fill=0)
        own_width, own_height = picture.size
        if (width, height) == picture.size:
            return picture
    top = int(round((own_height - height) / 2.0))
    left = int(round((own_width - width) / 2.0))
    return picture.crop((left, top, left + width, top + height))


def yolo(picture, width, height, fill):
    """Ultralytics's LetterBox, with Pillow's scaling for OpenCV's."""
    ratio = min(height / picture.height, width / picture.width)
    size = round(picture.width * ratio), round(picture.height * ratio)
    out = Image.new("RGB", (width, height), fill)
    dw, dh = (width - size[0]) / 2, (height - size[1]) / 2
    out.paste(picture.resize(size, Image.BILINEAR), (round(dw - 0.1), round(dh - 0.1)))
    return out


def normalised(array, mean, std, scale=None):
    """torchvision's ToTensor and Normalize, or Hugging Face's rescale and normalize,
    as [H, W, C]."""
    if scale is None:
        array = array.astype("f4") / np.float32(255)
    else:
        array = (array.astype("f8") * scale).astype("f4")
    return (array - np.array(mean, "f4")) / np.array(std, "f4")


def steps():
    keep("photo.png", saved(photo(83, 58, 11), "PNG"))
    keep("tall.png", saved(photo(37, 91, 12), "PNG"))
    keep("speck.png", saved(Image.new("RGB", (1, 1), (10, 200, 30)), "PNG"))
    keep("line.png", saved(noise(120, 1), "PNG"))
    keep("noise.png", saved(noise(40, 30), "PNG"))
    keep("gray.png", saved(noise(31, 22, 1), "PNG"))
    opened = lambda file: Image.open(io.BytesIO(FILES[file])).convert("RGB")

    for file in ("photo.png", "tall.png", "speck.png", "line.png", "noise.png", "gray.png"):
        for filter, number in FILTERS.items():
            for size in ((24, 24), (83, 20), (37, 5), (40, 91), (200, 150), (1, 1), (7, 130)):
                step = {"resize": {"width": size[0], "height": size[1], "filter": filter}}
                value = np.asarray(opened(file).resize(size, number))
                stepped(f"{file} to {size} by {filter}", file, [step], value)
    for filter, number in FILTERS.items():
        step = {"resize": {"width": 19, "height": 40, "filter": filter}}
        value = np.asarray(opened("photo.png").convert("L").resize((19, 40), number))
        stepped(f"gray by {filter}", "photo.png", [{"decode": {"mode": "L"}}, step], value[..., None])
        value = np.asarray(opened("photo.png").resize((19, 40), number).convert("L"))
        stepped(f"gray after {filter}", "photo.png", [step, {"convert": {"mode": "L"}}], value[..., None])
    value = np.asarray(opened("photo.png").convert("L").convert("RGB"))
    stepped("gray and back", "photo.png", [{"convert": {"mode": "L"}}, {"convert": {"mode": "RGB"}}], value)

    for file in ("photo.png", "tall.png", "noise.png"):
        picture = opened(file)
        for size in (16, 58, 61, 100):
            step = {"resize": {"shorter": size, "filter": "bicubic"}}
            value = picture.resize(shorter(*picture.size, size), Image.BICUBIC)
            stepped(f"{file}, shorter {size}", file, [step], np.asarray(value))
            step = {"resize": {"longer": size}}
            value = picture.resize(longer(*picture.size, size), Image.BILINEAR)
            stepped(f"{file}, longer {size}", file, [step], np.asarray(value))
            step = {"resize": {"shorter": size, "longer": size + 9}}
            value = picture.resize(shorter(*picture.size, size, size + 9), Image.BILINEAR)
            stepped(f"{file}, shorter {size} within", file, [step], np.asarray(value))
        for size in ((10, 10), (11, 10), (10, 11), (83, 58), (84, 30), (85, 95), (30, 61), (200, 201), (36, 90)):
            step = {"centre-crop": {"width": size[0], "height": size[1]}}
            stepped(f"{file}, middle {size}", file, [step], np.asarray(centre_crop(picture, *size)))
        for size in ((32, 32), (100, 31), (31, 100), (64, 63), (83, 58), (166, 116), (45, 46)):
            for fill in ([0], [114], [124, 116, 104]):
                colour = tuple(fill * (3 // len(fill)))
                box = {"width": size[0], "height": size[1], "fill": fill}
                value = ImageOps.pad(picture, size, Image.BICUBIC, color=colour)
                stepped(f"{file} in {size} on {fill}", file, [{"letterbox": {**box, "filter": "bicubic"}}], np.asarray(value))
                value = ImageOps.pad(picture, size, Image.BILINEAR, color=colour, centering=(0, 0))
                stepped(f"{file} at the start of {size} on {fill}", file, [{"letterbox": {**box, "place": "start"}}], np.asarray(value))
                stepped(f"{file} as by YOLO in {size} on {fill}", file, [{"letterbox": {**box, "place": "centre-floor"}}], np.asarray(yolo(picture, *size, colour)))

    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    array = np.asarray(opened("photo.png"))
    gray = np.asarray(opened("photo.png").convert("L"))[..., None]
    first = lambda value: value.transpose(2, 0, 1)
    for name, options, value in (
        ("ToTensor", {}, first(normalised(array, [0], [1]))),
        ("ImageNet", {"mean": mean, "std": std}, first(normalised(array, mean, std))),
        ("ImageNet, last", {"mean": mean, "std": std, "layout": "NHWC"}, normalised(array, mean, std)),
        ("half", {"mean": [0.5], "std": [0.5]}, first(normalised(array, [0.5], [0.5]))),
        ("rescale", {"mean": mean, "std": std, "scale": 1 / 255}, first(normalised(array, mean, std, 1 / 255))),
        ("from -1 to 1", {"mean": [1], "scale": 1 / 127.5, "layout": "NHWC"}, normalised(array, [1], [1], 1 / 127.5)),
        ("not scaled", {"scale": 1, "order": "BGR", "mean": [103.939, 116.779, 123.68]}, first(normalised(array[..., ::-1], [103.939, 116.779, 123.68], [1], 1))),
        ("bytes", {"type": "u8"}, first(array)),
        ("bytes, last", {"type": "u8", "layout": "NHWC"}, array),
        ("bytes, backwards", {"type": "u8", "layout": "NHWC", "order": "BGR"}, array[..., ::-1]),
    ):
        stepped(name, "photo.png", [{"tensor": options}], value)
    stepped("gray", "photo.png", [{"decode": {"mode": "L"}}, {"tensor": {"mean": [0.1307], "std": [0.3081]}}], first(normalised(gray, [0.1307], [0.3081])))
    stepped("gray bytes", "photo.png", [{"decode": {"mode": "L"}}, {"tensor": {"type": "u8"}}], first(gray))

    for file in ("97x61-420.jpg", "exif-6.jpg", "cmyk.jpg", "progressive-422.jpg"):
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(FILES[file]))).convert("RGB")
        picture = picture.resize(shorter(*picture.size, 36), Image.BILINEAR)
        value = first(normalised(np.asarray(centre_crop(picture, 32, 32)), mean, std))
        list = [
            {"orient": {}},
            {"resize": {"shorter": 36, "filter": "bilinear"}},
            {"centre-crop": {"width": 32, "height": 32}},
            {"tensor": {"mean": mean, "std": std, "layout": "NCHW"}},
        ]
        stepped(f"{file}, as by torchvision", file, list, value)


def main():
    HERE.mkdir(exist_ok=True)
    for old in HERE.iterdir():
        old.unlink()
    jpegs()
    pngs()
    orientations()
    steps()
    lines = lambda cases: "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]"
    text = f'{{"decoded": {lines(DECODED)},\n"steps": {lines(STEPS)}}}\n'
    (HERE / "cases.json").write_text(text)
    size = sum(path.stat().st_size for path in HERE.iterdir())
    print(f"{len(DECODED)} files and {len(STEPS)} steps in {size} bytes")


main()
