"""How things are shown: a bar by tqdm or ipywidgets where they are installed, tables in notebooks."""
import html
from typing import Any, Iterable, Iterator, List, Optional, Sequence


def progress_bar(items: Iterable[Any], total: Optional[int], is_wanted: Any) -> Iterator[Any]:
    """The items, with a bar when one is wanted and tqdm is installed (in notebooks its widgets,
    which need ipywidgets); without it, the items alone."""
    if not is_wanted:
        return iter(items)
    try:
        # Chooses by itself between a terminal and a notebook.
        from tqdm.auto import tqdm  # type: ignore[import-untyped,import-not-found]
    except ImportError:
        return _widget(items, total)
    return iter(tqdm(items, total=total, unit="job"))


def _widget(items: Iterable[Any], total: Optional[int]) -> Iterator[Any]:
    try:
        from IPython import get_ipython  # type: ignore[import-not-found]
        from IPython.display import display  # type: ignore[import-not-found]
        from ipywidgets import IntProgress  # type: ignore[import-not-found]
    except ImportError:
        yield from items
        return
    if get_ipython() is None or total is None:
        yield from items
        return
    bar = IntProgress(min=0, max=total)
    display(bar)
    for item in items:
        bar.value += 1
        yield item


def html_table(head: Sequence[str], rows: Sequence[Sequence[Any]], total: Optional[int] = None) -> str:
    """A table for a notebook; says when rows were left out."""
    def line(cells: Iterable[Any], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(each))}</{tag}>" for each in cells) + "</tr>"

    parts: List[str] = ["<table>", line(head, "th"), *(line(row, "td") for row in rows), "</table>"]
    if total is not None and total > len(rows):
        parts.append(f"<p>{len(rows)} of {total}</p>")
    return "".join(parts)
