/** What a browser has made of the charts of a page. */
import type { Page } from 'playwright-core';
import { INK, INK_IN_THE_DARK } from '../../simulator/report/page/palette.ts';

export interface DrawnChart {
  readonly id: string;
  /** Shapes that are seen and are neither axis nor grid. */
  readonly marks: number;
  /** Beyond the edges of the chart. */
  readonly textsOutside: readonly string[];
  readonly texts: readonly DrawnText[];
}

export interface DrawnText {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Of every figure, in order. */
export function chartsOf(page: Page): Promise<DrawnChart[]> {
  return page.evaluate(`(${LOOK})(${JSON.stringify([...Object.values(INK), ...Object.values(INK_IN_THE_DARK)])})`);
}

/** In the browser, which the compiler of this project knows nothing of. */
const LOOK = `(inks) => {
  const isMark = (shape) => {
    const box = shape.getBoundingClientRect();
    const colours = [shape.getAttribute('fill'), shape.getAttribute('stroke')].filter((colour) => colour && colour !== 'none');
    const isColoured = colours.some((colour) => !inks.includes(colour));
    return isColoured && box.width + box.height > 0 && shape.closest('defs') === null;
  };
  return [...document.querySelectorAll('figure')].map((figure) => {
    const svg = figure.querySelector('svg');
    const edge = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map((element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return { text: element.textContent, left, right, top, bottom };
    });
    const isOutside = ({ left, right, top, bottom }) =>
      left < edge.left - 1 || right > edge.right + 1 || top < edge.top - 1 || bottom > edge.bottom + 1;
    return {
      id: figure.id,
      marks: [...svg.querySelectorAll('path,rect,circle,polygon,polyline,line')].filter(isMark).length,
      texts,
      textsOutside: texts.filter(isOutside).map(({ text }) => figure.id + ': ' + text),
    };
  });
}`;

/** Texts that stand on one another by more than their line spacing. */
export function collidingTexts({ id, texts }: DrawnChart): string[] {
  const pairs: string[] = [];
  for (const [at, one] of texts.entries()) {
    for (const other of texts.slice(at + 1)) {
      const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      const lineHeight = Math.min(one.bottom - one.top, other.bottom - other.top);
      if (width > 1 && height > lineHeight / 3) pairs.push(`${id}: ${one.text} on ${other.text}`);
    }
  }
  return pairs;
}
