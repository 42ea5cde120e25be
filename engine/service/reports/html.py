"""A report as one HTML file: no link to anywhere, no script, to be read and printed offline."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Final

from engine.service.reports.document import (
    COLORS,
    DARK,
    FULL_MARK,
    MARKS,
    Block,
    Document,
    Heading,
    MarkedText,
    Paragraph,
    Picture,
    Table,
)

_STYLE: Final = """
*{box-sizing:border-box}
html{background:var(--window);color:var(--text);-webkit-text-size-adjust:100%}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC",
"PingFang SC","Microsoft YaHei",sans-serif;max-width:880px;margin:0 auto;padding:32px 24px 48px}
header{border-bottom:1px solid var(--border);padding-bottom:16px;margin-bottom:24px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:19px;margin:36px 0 8px}
h3{font-size:15px;margin:20px 0 6px}
.run{font-size:23px;border-top:2px solid var(--series-0);padding-top:16px;margin-top:56px;
overflow-wrap:anywhere}
p{margin:6px 0;overflow-wrap:anywhere}
.muted,footer,figcaption,caption{color:var(--muted)}
.said{border-left:4px solid;padding:4px 0 4px 12px;margin:8px 0}
.good{border-color:var(--good)}.note{border-color:var(--note)}
.warning{border-color:var(--warning)}.fault{border-color:var(--fault)}
.good b{color:var(--good)}.warning b{color:var(--warning)}.fault b{color:var(--fault)}
.marked{white-space:pre-wrap;line-height:1.8}
.wide{overflow-x:auto;margin:8px 0 12px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}
caption{caption-side:bottom;text-align:left;font-size:13px;padding-top:4px}
th,td{text-align:left;vertical-align:top;padding:4px 16px 4px 0;border-bottom:1px solid
var(--border);overflow-wrap:break-word;word-break:keep-all;max-width:48em;min-width:3em}
thead th{font-weight:600;border-bottom:2px solid var(--border)}
tbody th{font-weight:400;color:var(--muted);white-space:nowrap}
.n{text-align:right;white-space:nowrap}
figure{margin:12px 0}
figure svg{max-width:100%;height:auto;display:block}
figcaption{font-size:13px;margin-top:4px}
footer{border-top:1px solid var(--border);margin-top:40px;padding-top:12px;font-size:13px}
@media print{
html{background:#fff}
body{font-size:10.5pt;max-width:none;padding:0}
table{font-size:9.5pt}
h2,h3,.run{break-after:avoid}
figure,tr,.said{break-inside:avoid}
.run{break-before:page;border-top:none;padding-top:0;margin-top:0}
.wide{overflow:visible}
td{overflow-wrap:anywhere}
@page{size:A4;margin:18mm 16mm}
}
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A browser loads nothing and runs nothing, whatever may stand in the file."""


def html_of(document: Document) -> str:
    """Writes a report as HTML; every text that comes from outside is escaped."""
    language = {"zh_CN": "zh-Hans"}.get(document.language, document.language)
    body = "\n".join(_block(block) for block in document.blocks)
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(document.title)}</title>
<style>
:root{{color-scheme:light dark;{_variables(COLORS)}}}
@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}
{_STYLE.strip()}
</style>
</head>
<body>
<header><h1>{_text(document.title)}</h1><p class="muted">{_text(document.subtitle)}</p></header>
<main>
{body}
</main>
<footer>{_text(document.foot)}</footer>
</body>
</html>
"""


def _variables(colors: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colors.items())


def _text(text: str) -> str:
    """Text as HTML; signs that a file of HTML must not hold are shown as what they are not."""
    plain = "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)
    return html.escape(plain, quote=True)


def _block(block: Block) -> str:
    match block:
        case Heading(text, 1):
            return f'<h2 class="run">{_text(text)}</h2>'
        case Heading(text, level):
            return f"<h{level}>{_text(text)}</h{level}>"
        case Paragraph():
            return _paragraph(block)
        case Table():
            return _table(block)
        case Picture():
            caption = f"<figcaption>{_text(block.caption)}</figcaption>" if block.caption else ""
            label = f'<svg role="img" aria-label="{_text(block.text)}"'
            return f"<figure>{block.svg.replace('<svg', label, 1)}{caption}</figure>"
        case MarkedText():
            return _marked(block)


def _paragraph(block: Paragraph) -> str:
    lead = f"<b>{_text(block.lead)}</b> " if block.lead else ""
    if block.role == "text":
        return f"<p>{lead}{_text(block.text)}</p>"
    kind = block.role if block.role == "muted" else f"said {block.role}"
    return f'<p class="{kind}">{lead}{_text(block.text)}</p>'


def _marked(block: MarkedText) -> str:
    def part(text: str, strength: float) -> str:
        share = FULL_MARK * min(1.0, abs(strength))
        red, green, blue = bytes.fromhex(COLORS[MARKS[strength > 0]].lstrip("#"))
        tone = f"rgba({red},{green},{blue},{share:.2f})"  # seen on light and on dark
        return f'<span style="background:{tone}">{_text(text)}</span>'

    parts = "".join(map(part, block.parts, block.strengths))
    rest = f'<span class="muted">{_text(block.rest)}</span>' if block.rest else ""
    return f'<p class="marked">{parts}{rest}</p>'


def _table(block: Table) -> str:
    def cell(tag: str, place: int, text: str, scope: str = "") -> str:
        kind = ' class="n"' if place in block.numbers else ""
        return f"<{tag}{kind}{scope}>{_text(text)}</{tag}>"

    head = ""
    if block.header:
        names = [cell("th", *it, scope=' scope="col"') for it in enumerate(block.header)]
        head = f"<thead><tr>{''.join(names)}</tr></thead>"
    rows = []
    for row in block.rows:
        first = "td" if block.header else "th"
        scope = "" if block.header else ' scope="row"'
        cells = [cell("td", *it) for it in enumerate(row)]
        if row:
            cells[0] = cell(first, 0, row[0], scope=scope)
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = f"<caption>{_text(block.caption)}</caption>" if block.caption else ""
    return f'<div class="wide"><table>{caption}{head}<tbody>{"".join(rows)}</tbody></table></div>'
