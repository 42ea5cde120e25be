"""Turns a page of the guide into the HTML that Qt shows, with what is generated put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from html import escape
from typing import Final

from markdown_it import MarkdownIt

from engine.architectures import ARCHITECTURES
from engine.spec.parameters import describe
from gui.guide.controls import (
    CHOICE_OF_MODEL,
    CONTROLS,
    LAYERS,
    ON_DATA_PAGE,
    Place,
    Situation,
    has,
    owners,
    places,
    training_text,
)
from gui.guide.pages import DIAGNOSES, HEADINGS, GuidePage, read_page
from gui.guide.parameter_words import explain, parameter_text
from gui.guide.words import say
from gui.style.theme import TEXT_NORMAL, TEXT_SMALL, Palette

FIELD, PAGE = "field", "page"
"""Schemes of links: to a setting, by its path; to another page, by its name."""
MOST_OWNERS: Final = 6

FormulaMarkup = Callable[[str], str]
"""Gives the markup that shows a formula."""

_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_INLINE = re.compile(r"\$([^$\n]+)\$")
_CONTROL_ITEM = re.compile(r"^- \[(?P<title>[^\]]+)\]\(control:(?P<name>\w+)\)(?P<text>.*)$")


def page_html(page: GuidePage, situation: Situation, formula: FormulaMarkup) -> str:
    """Returns a page as HTML.

    Args:
        page: The page.
        situation: What the window is about; decides values and links.
        formula: Gives the markup of a formula.
    """
    parts = []
    for position, (name, text) in enumerate(page.sections.items()):
        if name == "reading":
            parts += _generated(page, situation)
        if position:  # what a page opens with needs no heading
            parts.append(_heading(HEADINGS[page.language][name]))
        if name == "helps":
            parts.append(_controls(text, page.language, situation))
        else:
            parts.append(_body(text, formula, is_reading=name == "reading", language=page.language))
    return "".join(parts)


def style_sheet(colors: Palette) -> str:
    """Returns the style sheet of the document, in the colours of a palette."""
    return (
        f"body, p, li, td {{ font-size: {TEXT_NORMAL}px; color: {colors.text}; }}"
        "p { margin: 0 0 8px 0; line-height: 140%; }"
        "li { margin: 0 0 4px 0; line-height: 140%; }"
        "ul { margin: 0 0 8px 0; -qt-list-indent: 0; }"
        ".heading { font-weight: 600; margin: 16px 0 8px 0; }"
        f".quiet {{ color: {colors.muted}; font-size: {TEXT_SMALL}px; }}"
        f"code {{ font-size: {TEXT_SMALL}px; }}"
        f"a {{ color: {colors.accent}; text-decoration: none; }}"
    )


def markdown_html(text: str) -> str:
    """Returns a text that is no page of the guide, such as the changelog, as HTML."""
    html: str = _markdown().render(text)
    html = re.sub(r"<h1>(.*?)</h1>", "", html)  # the window around it says so
    html = re.sub(r"<h[2-6]>(.*?)</h[2-6]>", r'<p class="heading">\1</p>', html)
    return re.sub(r">\n+<", "><", html)


def symbols_html(text: str) -> str:
    """Returns a symbol such as ``x_{t-1}`` as HTML: letters slanted, indices low or high."""
    shown, position = [], 0
    while position < len(text):
        character = text[position]
        if character in "_^":
            inner, position = _group(text, position + 1)
            tag = "sub" if character == "_" else "sup"
            shown.append(f"<{tag}>{symbols_html(inner)}</{tag}>")
            continue
        letters = re.match(r"[^\W\d_][\u0300-\u036f]*", text[position:])
        if letters:
            shown.append(f"<i>{letters.group()}</i>")
            position += letters.end()
        else:
            shown.append(escape(character))
            position += 1
    return "".join(shown)


def _group(text: str, start: int) -> tuple[str, int]:
    """What an index consists of, from `start`, and where the text goes on."""
    if text[start : start + 1] == "{":
        end = text.index("}", start)
        return text[start + 1 : end], end + 1
    return text[start : start + 1], start + 1


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark")


def _body(text: str, formula: FormulaMarkup, is_reading: bool, language: str) -> str:
    """Markdown with formulas and symbols as HTML."""
    pieces = _DISPLAY.split(text)
    shown = []
    for position, piece in enumerate(pieces):
        if position % 2:
            shown.append(f'<p style="margin-left: 8px">{formula(piece.strip())}</p>')
        elif piece.strip():
            shown.append(_prose(piece, is_reading, language))
    return "".join(shown)


def _prose(text: str, is_reading: bool, language: str) -> str:
    marked = _INLINE.sub(lambda found: symbols_html(found.group(1)), text.strip())
    html: str = _markdown().render(marked)
    if language != "en" and not is_reading:  # slanted characters are not Chinese
        html = html.replace("<em>", "<b>").replace("</em>", "</b>")
    # The space between list items would be shown as paragraphs.
    return re.sub(r">\n+<", "><", html)


# ---- what is generated


def _generated(page: GuidePage, situation: Situation) -> list[str]:
    """What stands before the reading: the parameters, and where to go when it goes wrong."""
    if page.name not in ARCHITECTURES:
        return []
    return [
        *_parameters(page, situation),
        _heading(say(page.language, "problems")),
        f"<p>{_page_links(DIAGNOSES, page.language)}</p>",
    ]


def _parameters(page: GuidePage, situation: Situation) -> list[str]:
    language, name = page.language, page.name
    parts = [_heading(say(language, "parameters"))]
    declared = describe(ARCHITECTURES[name].parameters)
    is_present = name == situation.model
    for item in declared:
        words = explain(item, name, language)
        title = f"<b>{escape(words.label)}</b>"
        usual = parameter_text(item.default, language)
        facts = [say(language, "usual", value=usual)]
        if is_present:
            title = f'<a href="{FIELD}:model.parameters.{item.name}">{title}</a>'
            now = parameter_text(situation.value("model", item), language)
            facts.insert(0, say(language, "now", value=now))
            if now == usual:
                facts = [say(language, "now_usual", value=now)]
        facts += [part for part in (words.allowed, words.unit) if part]
        quiet = f'<span class="quiet">{escape(" · ".join(facts))}</span>'
        parts.append(f"<p>{title}<br>{quiet}<br>{escape(words.help)}</p>")
    if not declared:
        parts.append(f"<p>{say(language, 'no_parameters')}</p>")
    text = say(language, "training", **training_text(name))
    parts.append(f'<p class="quiet">{escape(text)}</p>')
    return parts


def _heading(text: str) -> str:
    # Not <h3>: Qt makes that larger, whatever the style sheet says, and the window has three sizes.
    return f'<p class="heading">{escape(text)}</p>'


def _controls(text: str, language: str, situation: Situation) -> str:
    """The list of what helps, each with the way to its setting."""
    items = []
    for line in text.splitlines():
        found = _CONTROL_ITEM.match(line)
        if found is None:
            raise ValueError(
                f"What helps must be a list of '- [title](control:name)…'. Received: {line!r}"
            )
        title, name, rest = found["title"], found["name"], found["text"]
        if name not in CONTROLS:
            raise ValueError(f"No control is called {name!r}; there are {', '.join(CONTROLS)}.")
        prose = _markdown().renderInline(rest)
        way = _way(name, language, situation)
        items.append(f'<p><b>{escape(title)}</b>{prose}<br><span class="quiet">{way}</span></p>')
    return "".join(items)


def _way(name: str, language: str, situation: Situation) -> str:
    """How to get to a control, or which architecture has it."""
    found = places(name, situation)
    title = _title(situation.model, language)
    if found:
        links = say(language, "list").join(_place_link(place, language) for place in found)
        is_on_data = found[0].path.partition(".")[0] in ON_DATA_PAGE
        return say(language, "on_data_page" if is_on_data else "here", links=links)
    if has(name, situation.model):
        return say(language, "built_in", model=title)
    fitting, others = owners(name, situation)
    if not fitting and not others:
        return say(language, "not_here")
    links = _page_links((fitting or others)[:MOST_OWNERS], language)
    return say(language, "absent" if fitting else "absent_here", model=title, links=links)


def _place_link(place: Place, language: str) -> str:
    if place.path == CHOICE_OF_MODEL:
        text = say(language, "choose")
    elif place.path == LAYERS:
        text = say(language, "layers")
    elif place.parameter is None:
        text = say(language, "augmentation")
    else:
        words = explain(place.parameter, place.group, language)
        text = f"{words.label} = {parameter_text(place.value, language)}"
    return f'<a href="{FIELD}:{place.path}">{escape(text)}</a>'


def _page_links(names: Iterable[str], language: str) -> str:
    return say(language, "list").join(
        f'<a href="{PAGE}:{name}">{escape(_title(name, language))}</a>' for name in names
    )


def _title(name: str, language: str) -> str:
    page = read_page(name, language)
    if page is not None:
        return page.title
    return ARCHITECTURES[name].title if name in ARCHITECTURES else name
