/** The explanation of a measure, shown beside its heading while the pointer or the keyboard is on it. */

const MARGIN = 8;

export function showTips(): void {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.popover = 'manual';
  // The heading is described by the same text in the list of measures already.
  tip.ariaHidden = 'true';
  document.body.append(tip);

  for (const button of document.querySelectorAll<HTMLElement>('button[aria-describedby]')) {
    const explanation = document.getElementById(button.getAttribute('aria-describedby')!)!;
    const show = () => {
      tip.replaceChildren(...[...explanation.children].map((child) => child.cloneNode(true)));
      tip.showPopover();
      place(tip, button);
    };
    const hide = () => tip.hidePopover();
    button.addEventListener('pointerenter', show);
    button.addEventListener('pointerleave', hide);
    button.addEventListener('focus', show);
    button.addEventListener('blur', hide);
    button.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') hide();
    });
  }
  addEventListener('scroll', () => tip.hidePopover(), { capture: true, passive: true });
}

function place(tip: HTMLElement, beside: HTMLElement): void {
  const anchor = beside.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const right = document.documentElement.clientWidth - width - MARGIN;
  tip.style.left = `${Math.max(MARGIN, Math.min(anchor.left + anchor.width / 2 - width / 2, right))}px`;
  const above = anchor.top - height - MARGIN;
  tip.style.top = `${above >= 0 ? above : anchor.bottom + MARGIN}px`;
}
