"""Sections about one thing → a page for the terminal, or for the docs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ssmdiag.render.layout import Layout

Section = tuple[str, tuple[str, ...]]


def page(title: str, name: str, sections: Sequence[Section], verbatim: str, layout: Layout) -> str:
    """Tell the sections at a terminal; those under the heading ``verbatim`` are lines of a log."""
    return "\n".join(_lines(title, name, sections, verbatim, layout)) + "\n"


def _lines(
    title: str, name: str, sections: Sequence[Section], verbatim: str, layout: Layout
) -> Iterator[str]:
    yield from layout.paragraph(f"{title} [{name}]", style="strong")
    for heading, paragraphs in sections:
        yield ""
        yield from layout.paragraph(f"{heading}:", style="quiet")
        for paragraph in paragraphs:
            if heading == verbatim:
                yield f"  {layout.line(paragraph)}"
            else:
                yield from layout.paragraph(paragraph, "- " if paragraphs[1:] else "  ")


def markdown(title: str, name: str, sections: Sequence[Section], verbatim: str) -> str:
    """Tell the sections as one chapter of a Markdown page."""
    layout = Layout()
    lines = [f"### `{name}`", "", f"**{layout.line(title)}**", ""]
    for heading, paragraphs in sections:
        lines += [f"*{heading}*", ""]
        if heading == verbatim:
            lines += ["```text", *(layout.line(each) for each in paragraphs), "```", ""]
        else:
            lead = "* " if paragraphs[1:] else ""
            lines += [*(f"{lead}{layout.line(each)}" for each in paragraphs), ""]
    return "\n".join(lines)
