"""What holds for every page, whoever looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}
NO_SCRIPT = {"java_script_enabled": False}

_FIELDS_WITHOUT_A_NAME = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter(field => ![...field.labels].some(label => label.textContent.trim()))
    .map(field => field.outerHTML)"""

_BUTTONS_WITHOUT_A_NAME = """() => [...document.querySelectorAll("button, a[href]")]
    .filter(each => !(each.getAttribute("aria-label") || each.textContent).trim())
    .map(each => each.outerHTML)"""

_TWICE = """() => { const ids = [...document.querySelectorAll("[id]")].map(each => each.id);
    return ids.filter((id, index) => ids.indexOf(id) !== index) }"""

_TOO_WIDE = """() => { const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
        .filter(each => each.getBoundingClientRect().right > width + 1)
        .map(each => each.outerHTML.slice(0, 100)) }"""

_CONTRAST = """() => {
    const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const known = {};
    const channels = text => known[text] ??= (pixel.clearRect(0, 0, 1, 1), pixel.fillStyle = text,
        pixel.fillRect(0, 0, 1, 1), [...pixel.getImageData(0, 0, 1, 1).data]);
    const light = rgb => { const [r, g, b] = rgb.map(each => { const v = each / 255;
        return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b };
    const behind = each => { for (; each; each = each.parentElement) {
        const found = channels(getComputedStyle(each).backgroundColor); if (found[3] === 255) return found; }
        return [255, 255, 255, 255] };
    const poor = [];
    for (const each of document.querySelectorAll("body *")) {
        const own = [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
        if (!own || !each.checkVisibility() || each.closest("select")) continue;
        const [a, b] = [channels(getComputedStyle(each).color), behind(each)].map(c => light(c.slice(0, 3)));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${each.outerHTML.slice(0, 80)}`);
    }
    return poor }"""


def check(page: Page) -> None:
    """Every field has a label, every button a name, every id is there once, and the page says what it is.

    Text can be read in light and in dark (WCAG 2.2 section 1.4.3: a contrast of 4.5), and nothing is
    wider than a desktop's window or a phone's.
    """
    found: dict[str, Any] = {
        "fields without a label": page.evaluate(_FIELDS_WITHOUT_A_NAME),
        "buttons without a name": page.evaluate(_BUTTONS_WITHOUT_A_NAME),
        "ids that are there twice": page.evaluate(_TWICE),
    }
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        found[f"wider than {size['width']}"] = page.evaluate(_TOO_WIDE)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        found[f"hard to read in {scheme}"] = page.evaluate(_CONTRAST)
    assert {what: where for what, where in found.items() if where} == {}
    assert page.locator("meta[name=viewport][content^='width=device-width']").count() == 1
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1
    assert page.get_by_role("note").inner_text().startswith("For tests only")
