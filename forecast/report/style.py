"""Colours of the page in light and dark, and its style sheet; a test holds them to the contrast of WCAG 2.1."""

from __future__ import annotations

_COLOURS = {  # light, dark
    "paper": ("#ffffff", "#14181d"),
    "card": ("#f5f7f9", "#1d232a"),
    "ink": ("#1b1f24", "#e6e8eb"),
    "quiet": ("#565e68", "#a7b0bb"),
    "rule": ("#c9d0d8", "#3a434e"),
    "frame": ("#79828d", "#7f8995"),
    "first": ("#1f5fa8", "#7db3f0"),
    "second": ("#a8481a", "#f0a878"),
    "third": ("#2a6e46", "#8fd3a8"),
}
THEMES = {theme: {name: pair[i] for name, pair in _COLOURS.items()} for i, theme in enumerate(("light", "dark"))}

_RULES = """
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
body { max-width: 76rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p, li { max-width: 46rem; }
ul { padding-left: 1.2rem; margin: .25rem 0; }
a { color: var(--first); }
.quiet, caption, figcaption small { color: var(--quiet); }
nav a { display: inline-block; padding: .25rem .75rem .25rem 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1rem; align-items: start; margin: .75rem 0; }
.small { grid-template-columns: repeat(auto-fill, minmax(min(9.5rem, 100%), 1fr)); gap: .5rem; }
figure { margin: 0; padding: .6rem; background: var(--card); border-radius: .4rem; }
.small figure { padding: .3rem; }
figcaption { font-weight: 600; font-size: .95rem; }
figcaption small { display: block; font-weight: 400; }
.small figcaption { font-size: .8rem; }
svg { display: block; width: 100%; height: auto; max-width: 34rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .25rem 0; }
th, td { text-align: right; padding: .2rem .5rem; border-bottom: 1px solid var(--rule); vertical-align: top; white-space: nowrap; }
th:first-child, .words th, .words td { text-align: left; }
.words th, .words td { white-space: normal; } .words td { min-width: 6rem; } .words td:last-child:not(:nth-child(2)) { min-width: 16rem; } .words tbody th { min-width: 13rem; }
caption { white-space: normal; max-width: min(46rem, 85vw); }
thead th { border-bottom: 2px solid var(--frame); vertical-align: bottom; }
details { margin: .4rem 0; }
summary { cursor: pointer; color: var(--first); font-size: .9rem; padding: .25rem 0; }
dt { font-weight: 600; margin-top: .5rem; } dd { margin: 0 0 0 1rem; max-width: 46rem; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--first); outline-offset: 2px; }
@media print { nav, details:not([open]) { display: none; } body { max-width: none; padding: 0; } figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; } .figures { display: block; } .figures figure { display: inline-block; vertical-align: top; width: 48%; margin: 0 .5% .5rem 0; }
  .small figure { width: 23%; } html { font-size: 12px; } }
"""


def style_sheet() -> str:
    """Return the style sheet: the theme that the reader's system asks for on screen, the light one on paper."""
    light, dark = (_variables(THEMES[theme]) for theme in ("light", "dark"))
    dark_on_screen = f"@media screen and (prefers-color-scheme: dark) {{ {dark} }}"
    return f"{light}\n{dark_on_screen}{_RULES}"


def in_light(svg: str) -> str:
    """Return a drawing with the colours of the light theme in place of their names."""
    for name, colour in THEMES["light"].items():
        svg = svg.replace(f"var(--{name})", colour)
    return svg


def _variables(theme: dict[str, str]) -> str:
    return ":root { " + " ".join(f"--{name}: {colour};" for name, colour in theme.items()) + " }"
