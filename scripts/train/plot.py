"""Calibration plot: predicted against actual click rate by tenth of the impressions, both on a logarithmic axis. SVG."""
import math

SIZE, MARGIN = 360, 60
COLOURS = {"gavel": "#1f6f8b", "fm": "#d9822b", "lr": "#7a5195"}


def calibration_plot(path, curves):
    values = [d[side] for table in curves.values() for d in table for side in ("predicted", "actual") if d[side]]
    low, high = math.floor(math.log10(min(values)) * 4) / 4, math.ceil(math.log10(max(values)) * 4) / 4

    def x(value):
        return MARGIN + (math.log10(value) - low) / (high - low) * SIZE

    def y(value):
        return MARGIN + SIZE - (math.log10(value) - low) / (high - low) * SIZE

    ticks = [m * 10.0 ** e for e in range(-7, 1) for m in (1, 2, 5) if low <= math.log10(m * 10.0 ** e) <= high]
    parts = [f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#888"/>',
             _line(x(10 ** low), y(10 ** low), x(10 ** high), y(10 ** high), "#888", 'stroke-dasharray="4"')]
    for tick in ticks:
        parts += [_line(x(tick), MARGIN + SIZE, x(tick), MARGIN + SIZE + 5, "#888"), _line(MARGIN - 5, y(tick), MARGIN, y(tick), "#888"),
                  _text(x(tick), MARGIN + SIZE + 18, f"{tick:.3%}", "middle"), _text(MARGIN - 8, y(tick) + 4, f"{tick:.3%}", "end")]
    parts += [_text(MARGIN + SIZE / 2, MARGIN + SIZE + 40, "predicted click rate", "middle"),
              _text(MARGIN, MARGIN - 12, "actual click rate, by tenth of the impressions", "start")]
    for place, (name, table) in enumerate(curves.items()):
        points = [(x(d["predicted"]), y(d["actual"])) for d in table if d["actual"] and d["predicted"]]
        colour = COLOURS.get(name, "#333")
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                     + " ".join(f"{px:.1f},{py:.1f}" for px, py in points) + '"/>')
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in points]
        parts += [f'<circle cx="{MARGIN + 16}" cy="{MARGIN + 18 + 18 * place}" r="4" fill="{colour}"/>',
                  _text(MARGIN + 26, MARGIN + 22 + 18 * place, name, "start")]
    side = SIZE + 2 * MARGIN
    with open(path, "w") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" font-family="sans-serif" font-size="11">'
                   "<title>Calibration: predicted and actual click rate by tenth of the impressions</title>"
                   f'<rect width="{side}" height="{side}" fill="white"/>' + "\n".join(parts) + "</svg>\n")


def _line(x1, y1, x2, y2, colour, more=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {more}/>'


def _text(x, y, text, anchor):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#333">{text}</text>'
