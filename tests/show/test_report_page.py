"""The page in a real browser: Chromium, where the machine has one."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from shutil import which

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.report.page import render
from wellfit.show.report.treatment import treatment_page
from wellfit.trials.kept import Kept

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
AA = 4.5  # WCAG 2.1, 1.4.3: contrast of text of ordinary size

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: apt-get install chromium"
)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(
    tmp_path_factory: pytest.TempPathFactory,
    sick: Run,
    sick_diagnosis: Diagnosis,
    healthy: Run,
    healthy_diagnosis: Diagnosis,
    table: Run,
    by_recipe: Run,
    unknown_diagnosis: Diagnosis,
    kept: Kept,
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "sick": (sick, sick_diagnosis),
        "healthy": (healthy, healthy_diagnosis),
        "table": (table, unknown_diagnosis),
        "recipe": (by_recipe, unknown_diagnosis),
    }
    for name, (run, diagnosis) in made.items():
        html = render(run, diagnosis, page=lambda rule: f"# {rule}\n\nA page.")
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    html = treatment_page(kept, page=lambda rule: f"# {rule}\n\nA page.")
    (folder / "treated.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in (*made, "treated")}


@pytest.fixture
def opened(browser: Browser, pages: dict[str, Path]) -> Iterator[Open]:
    """Opens a page; whatever it complains of or asks for fails the test."""
    trouble: list[str] = []
    context = browser.new_context()

    def open_page(name: str, width: int = 1440, theme: str = "light") -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: trouble.append(request.url))
        page.goto(pages[name].as_uri())
        page.wait_for_timeout(100)
        own = pages[name].as_uri()
        trouble[:] = [t for t in trouble if t != own and not t.startswith("data:")]
        return page

    yield open_page
    context.close()
    assert trouble == []


@pytest.mark.parametrize(
    ("name", "width"),
    [
        *(("sick", width) for width in (360, 820, 1440, 1600)),
        *(("treated", width) for width in (360, 820, 1440)),
        *(
            (name, width)
            for name in ("healthy", "table", "recipe")
            for width in (360, 1440)
        ),
    ],
)
def test_opens_quietly_and_fits(opened: Open, name: str, width: int) -> None:
    page = opened(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("name", "charts"),
    [
        (
            "sick",
            {
                "loss",
                "accuracy",
                "gradients",
                "updates",
                "saturated_share",
                "finding-1",
                "busy",
                "memory",
                "gpu-memory",
            },
        ),
        ("healthy", {"loss", "accuracy", "learning-rate", "gradients", "dead_share"}),
        ("table", {"loss", "candidates-chart"}),
        ("recipe", {"loss", "range-test"}),
        ("treated", {"pairs", "curves", "effects", "finding-1"}),
    ],
)
def test_every_chart_is_drawn(opened: Open, name: str, charts: set[str]) -> None:
    page = opened(name)
    drawn = page.evaluate(
        "[...document.querySelectorAll('.plot')].filter(p => "
        "p.querySelector('svg path, svg rect, svg circle')).map(p => p.id)"
    )
    assert charts <= set(drawn)
    assert len(drawn) == page.locator(".plot").count()
    assert all(
        page.locator(".plot").nth(i).get_attribute("aria-label") for i in range(2)
    )


def test_the_switches_redraw_the_chart(opened: Open) -> None:
    page = opened("healthy")
    plot = page.locator("#loss")
    before = plot.inner_html()
    switch = page.locator('[data-for="loss"][data-toggle="log"]')
    was = switch.get_attribute("aria-pressed")
    switch.click()
    assert switch.get_attribute("aria-pressed") != was
    assert plot.inner_html() != before
    smooth = page.locator('[data-for="loss"][data-toggle="smooth"]')
    paths = plot.locator('g[aria-label="line"]').count()
    smooth.click()
    assert plot.locator('g[aria-label="line"]').count() < paths


def test_charts_follow_the_width_of_the_window(opened: Open) -> None:
    page = opened("sick", 1440)
    page.set_viewport_size({"width": 360, "height": 900})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert float(page.locator("#loss svg").first.get_attribute("width") or 0) < 360


@pytest.mark.parametrize("name", ["sick", "treated"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_contrast(opened: Open, theme: str, name: str) -> None:
    page = opened(name, theme=theme)
    paper, texts = page.evaluate(
        """() => {
          const seen = new Set();
          const words = 'h1,h2,h3,h4,p,li,dt,dd,th,td,code,summary,button,a,.severity';
          const find = (what) => [...document.querySelectorAll(what)];
          for (const e of find(words)) seen.add(getComputedStyle(e).color);
          for (const e of find(".plot text")) seen.add(getComputedStyle(e).fill);
          return [getComputedStyle(document.body).backgroundColor, [...seen]];
        }"""
    )
    faint = {text for text in texts if contrast(text, paper) < AA}
    assert faint == set()
    bright = luminance(paper) > 0.5
    assert bright == (theme == "light")


def test_the_theme_can_be_chosen(opened: Open) -> None:
    page = opened("sick", theme="light")
    button = page.locator("#theme")
    button.click()
    button.click()
    assert "dark" in button.inner_text()
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert luminance(paper) < 0.1


def test_text_to_be_copied_is(opened: Open) -> None:
    page = opened("treated")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.locator("[data-copy]").first
    button.click()
    page.wait_for_function(
        "document.querySelector('[data-copy]').textContent == 'copied'"
    )
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("version: 1\nchanges:\n  - change: lower-learning-rate")


@pytest.mark.parametrize("name", ["sick", "treated"])
def test_headings_leave_no_level_out(opened: Open, name: str) -> None:
    page = opened(name)
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(h => +h.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_small_enough_to_send(pages: dict[str, Path]) -> None:
    assert all(path.stat().st_size < 2_000_000 for path in pages.values())


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.1 between two colours as CSS computes them."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [float(n) / 255 for n in re.findall(r"[\d.]+", colour)[:3]]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
