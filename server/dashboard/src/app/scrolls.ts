/** Says on an element which ways there is more of it to scroll to: the theme has its edges fade there. */
import type { Directive } from 'vue';

/** Less than this is a rounding, and nothing to scroll to. */
const SOME_PX = 2;
const watched = new WeakMap<HTMLElement, () => void>();

/** The ways in which a part of the content is out of sight. */
export function waysToMore(at: {
  scrollLeft: number;
  scrollTop: number;
  clientWidth: number;
  clientHeight: number;
  scrollWidth: number;
  scrollHeight: number;
}): string[] {
  const ways: [string, number][] = [
    ['left', at.scrollLeft],
    ['right', at.scrollWidth - at.clientWidth - at.scrollLeft],
    ['up', at.scrollTop],
    ['down', at.scrollHeight - at.clientHeight - at.scrollTop],
  ];
  return ways.filter(([, px]) => px > SOME_PX).map(([way]) => way);
}
function look(element: HTMLElement): void {
  const ways = waysToMore(element).join(' ');
  if (element.dataset.more !== ways) element.dataset.more = ways;
}

export const vScrolls: Directive<HTMLElement> = {
  mounted(element) {
    const again = () => look(element);
    const sizes = new ResizeObserver(again);
    sizes.observe(element);
    for (const child of element.children) sizes.observe(child);
    element.addEventListener('scroll', again, { passive: true });
    watched.set(element, () => {
      sizes.disconnect();
      element.removeEventListener('scroll', again);
    });
    again();
  },
  updated: look,
  beforeUnmount(element) {
    watched.get(element)?.();
    watched.delete(element);
  },
};
