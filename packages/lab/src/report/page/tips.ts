/** The explanation of a measure, shown beside its heading while the pointer or the keyboard is on it. */

const MARGIN = 8;

export function showTips(): void {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.popover = 'manual';
  // The heading is described by the same text in the list of measures already.
  tip.ariaHidden = 'true';
  document.body.append(tip);
  let beside: HTMLElement | null = null;

  for (const button of document.querySelectorAll<HTMLElement>('button[aria-describedby]')) {
    const explanation = document.getElementById(button.getAttribute('aria-describedby')!)!;
    const show = () => {
      beside = button;
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
  // A heading that takes the focus may scroll into view, and the tip with it.
  const follow = () => {
    if (beside !== null && tip.matches(':popover-open')) place(tip, beside);
  };
  addEventListener('scroll', follow, { capture: true, passive: true });
}

function place(tip: HTMLElement, beside: HTMLElement): void {
  const anchor = beside.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const right = document.documentElement.clientWidth - width - MARGIN;
  tip.style.left = `${Math.max(MARGIN, Math.min(anchor.left + anchor.width / 2 - width / 2, right))}px`;
  const above = anchor.top - height - MARGIN;
  tip.style.top = `${above >= 0 ? above : anchor.bottom + MARGIN}px`;
}
