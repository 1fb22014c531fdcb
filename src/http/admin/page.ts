// The frame of the pages of admins: one style for phone and desk, light and dark, without script; and the headers that keep
// them out of caches, frames and other people's logs.
import type { HttpAnswer } from '../server.ts';

const STYLE = `:root{color-scheme:light dark;--line:#8885;--bar:#2563eb;--bad:#c62828}
body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:0 auto;padding:1em}
h1{font-size:1.3em}h2{font-size:1.05em;margin:1.6em 0 .2em}p{margin:.4em 0}small,.axis{color:#666;font-size:.85em}
nav{display:flex;flex-wrap:wrap;gap:.4em 1em;align-items:baseline}nav b{font-weight:600}a{color:inherit}
button{font:inherit;padding:.5em 1.2em;border:1px solid var(--line);border-radius:.4em;background:var(--bar);color:#fff;cursor:pointer}
nav button{background:none;color:inherit;padding:.1em .6em}form{margin:0}nav form{margin-left:auto}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(17em,1fr));gap:0 2em}
svg{display:block;width:100%;height:6em;border-bottom:1px solid var(--line)}rect{fill:var(--bar)}.bad rect{fill:var(--bad)}
.axis{display:flex;justify-content:space-between}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{padding:.25em .6em;border-bottom:1px solid var(--line);text-align:right}
th:first-child,td:first-child{text-align:left;white-space:nowrap}section+.wide{margin-top:.6em}th{font-weight:600}
@media(prefers-color-scheme:dark){:root{--bar:#60a5fa;--bad:#ff8a80}body{background:#111;color:#eee}small,.axis{color:#aaa}
button{color:#111}}`;

/** Of every answer here: nobody keeps it, frames it, or is told where it was linked from. */
export const PRIVATE_HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex, nofollow',
} as const;

const PAGE_HEADERS = {
  ...PRIVATE_HEADERS,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
} as const;

/** A whole page. `title` and `body` are HTML: what is not a text of ours goes through `escaped`. */
export function page(given: {
  language: 'en' | 'sw';
  title: string;
  body: string;
  status?: number;
  headers?: Readonly<Record<string, string>>;
}): HttpAnswer {
  const { language, title, body, status = 200, headers = {} } = given;
  return {
    status,
    headers: { ...PAGE_HEADERS, ...headers },
    body: `<!doctype html><html lang="${language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title>
<style>${STYLE}</style></head><body>${body}</body></html>
`,
  };
}

/** Text as it may stand in HTML, also within quotes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
