/** What report.browser.ts asks of the page: functions that run in it. */

/** Labels of histograms that touch another, or leave their figure. */
function collidingLabels() {
  const boxOf = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range.getBoundingClientRect();
  };
  const touch = (a, b) =>
    a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom && b.top < a.bottom;
  return [...document.querySelectorAll('.histogram')].flatMap((histogram) => {
    const figure = histogram.closest('figure').getBoundingClientRect();
    const labels = [...histogram.querySelectorAll('.grid span, .sizes span')]
      .filter((each) => each.textContent && getComputedStyle(each).visibility === 'visible')
      .map((each) => ({ text: each.textContent, box: boxOf(each) }));
    return labels.flatMap(({ text, box }, i) => [
      ...(box.left < figure.left || box.right > figure.right ? [`${text} is cut off`] : []),
      ...labels
        .slice(i + 1)
        .filter((other) => touch(box, other.box))
        .map((other) => `${text} on ${other.text}`),
    ]);
  });
}

/** Text with a contrast of less than 4.5 : 1 (WCAG 2, level AA). */
function paleText() {
  const rgb = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = rgb(colour).map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    if (element === null) return 'rgb(255, 255, 255)';
    const { backgroundColor } = getComputedStyle(element);
    return rgb(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor;
  };
  const hasText = ({ childNodes }) =>
    [...childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');
  const pale = [...document.querySelectorAll('body :not(script, style)')].filter(hasText).map((element) => {
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return { contrast, what: `${element.tagName}.${element.className} ${contrast.toFixed(2)}` };
  });
  return [...new Set(pale.filter(({ contrast }) => contrast < 4.5).map(({ what }) => what))];
}

globalThis.look = { collidingLabels, paleText };
