// Bars as inline SVG: nothing to load, readable at any width, each with its value for whoever points at it or has it read
// out.
import { escaped } from './page.ts';

export type Bar = { readonly label: string; readonly value: number; readonly shown: string };

const WIDTH = 10;
const HEIGHT = 100;
const GAP = 2;

/** One bar for each, the highest as high as the chart. The axis names the first and the last. */
export function barChart(bars: readonly Bar[], given: { name: string; about: string; isBad?: boolean }): string {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const drawn = bars.map(({ label, value, shown }, at) => {
    // What is not nothing is seen.
    const height = value > 0 ? Math.max(1, (value / most) * HEIGHT) : 0;
    const place = `x="${at * WIDTH}" y="${round(HEIGHT - height)}" width="${WIDTH - GAP}" height="${round(height)}"`;
    return `<rect ${place}><title>${escaped(`${label}: ${shown}`)}</title></rect>`;
  });
  const [first, last] = [bars.at(0)?.label ?? '', bars.at(-1)?.label ?? ''];
  return `<section${given.isBad ? ' class="bad"' : ''}><h2>${escaped(given.name)}</h2><p><small>${escaped(given.about)}</small></p>
<svg viewBox="0 0 ${Math.max(1, bars.length) * WIDTH - GAP} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escaped(`${given.name}. ${given.about}`)}">${drawn.join('')}</svg>
<div class="axis"><span>${escaped(first)}</span><span>${escaped(last)}</span></div></section>`;
}

function round(length: number): number {
  return Math.round(length * 100) / 100;
}
