// The page that everybody may read (`/status`, and `/status.json` for programs): small, without script or picture, dark
// where the phone is dark. Made once for all who ask within two seconds, so that a crowd costs nothing.
import { type Status, statusOf } from '../flows/status.ts';
import type { World } from '../world.ts';
import type { HttpAnswer, HttpServer } from './server.ts';
import { STATUS_TEXTS, type StatusTexts } from './status-texts.ts';

type Language = keyof typeof STATUS_TEXTS;

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:0 auto;padding:1em}
h1{font-size:1.3em}h2{font-size:1.1em;font-weight:normal}dl{margin:0}dl div{display:flex;justify-content:space-between;
gap:1em;padding:.5em 0;border-bottom:1px solid #8885}dt{flex:1}dd{margin:0;text-align:right}
.good{color:#1a7f37}.bad{color:#c62828}p{font-size:.9em}
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}.good{color:#5fd38a}.bad{color:#ff8a80}}`;

// A browser and whatever stands before us may keep it as long as we do.
const HEADERS = {
  'cache-control': 'public, max-age=2',
  vary: 'accept-language',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
};

/** Adds the two paths. */
export function addStatus(server: HttpServer, world: World): void {
  const status = statusOf(world);
  const page = keptPages(status);
  server.route('GET', '/status', async ({ headers }) => ({
    status: 200,
    headers: { ...HEADERS, 'content-type': 'text/html; charset=utf-8' },
    body: await page(languageOf(headers['accept-language'])),
  }));
  server.route('GET', '/status.json', async (): Promise<HttpAnswer> => {
    return { status: 200, headers: HEADERS, body: jsonOf(await status()) };
  });
}

/** Each page is made once for one look. */
function keptPages(status: () => Promise<Status>): (language: Language) => Promise<string> {
  const pages = new Map<Language, { readonly of: Status; readonly page: string }>();
  return async (language) => {
    const now = await status();
    const kept = pages.get(language);
    if (kept?.of === now) return kept.page;
    const page = pageOf(now, language);
    pages.set(language, { of: now, page });
    return page;
  };
}

/** Swahili for whoever asks for it first; English for everybody else. */
export function languageOf(header: string | string[] | undefined): Language {
  return typeof header === 'string' && /^\s*sw\b/i.test(header) ? 'sw' : 'en';
}

export function jsonOf(status: Status): object {
  const { atMs, rails, rate, instances, booksAgree, incident } = status;
  return {
    at: moment(atMs),
    state: stateOf(status),
    rails,
    rate: rate ? { ageSeconds: Math.round(rate.ageMs / 1_000), old: rate.isOld } : null,
    instances: instances ?? null,
    booksAgree: booksAgree ?? null,
    lastIncident: incident
      ? { since: moment(incident.sinceMs), until: incident.untilMs === null ? null : moment(incident.untilMs) }
      : null,
  };
}

function stateOf({ rails, booksAgree }: Status): 'all' | 'some' | 'unsure' {
  const states = Object.values(rails);
  if (states.some((each) => each === 'down' || each === 'paused') || booksAgree === false) return 'some';
  return states.includes('unknown') || booksAgree === undefined ? 'unsure' : 'all';
}

type Line = { readonly name: string; readonly text: string; readonly isGood: boolean };

function linesOf(status: Status, texts: StatusTexts): Line[] {
  const { rails, rate, instances, booksAgree, incident } = status;
  const rail = (name: 'receive' | 'send' | 'pay'): Line => ({
    name: texts.rails[name],
    text: texts.state[rails[name]],
    isGood: rails[name] === 'works',
  });
  const rateText = rate ? texts.rateAge(minutesIn(rate.ageMs)) : texts.rateNone;
  const booksText = booksAgree ? texts.booksAgree : texts.booksDiffer;
  return [
    rail('receive'),
    rail('send'),
    rail('pay'),
    {
      name: texts.rate,
      text: rate?.isOld ? `${rateText}, ${texts.rateOld}` : rateText,
      isGood: rate?.isOld === false,
    },
    {
      name: texts.books,
      text: booksAgree === undefined ? texts.unknown : booksText,
      isGood: booksAgree === true,
    },
    {
      name: texts.instances,
      text: instances ? texts.count(instances.bots, instances.workers) : texts.unknown,
      isGood: instances !== undefined && instances.bots > 0 && instances.workers > 0,
    },
    {
      name: texts.incident,
      text: incidentText(incident, texts),
      isGood: incident?.untilMs !== null,
    },
  ];
}

function incidentText(incident: Status['incident'], texts: StatusTexts): string {
  if (!incident) return texts.incidentNone;
  const { sinceMs, untilMs } = incident;
  if (untilMs === null) return texts.incidentNow(readable(sinceMs));
  return texts.incidentOver(readable(sinceMs), Math.max(1, minutesIn(untilMs - sinceMs)));
}

/** The whole page. Everything in it is a text of ours or a number. */
export function pageOf(status: Status, language: Language): string {
  const texts = STATUS_TEXTS[language];
  const state = stateOf(status);
  const lines = linesOf(status, texts).map(
    ({ name, text, isGood }) => `<div><dt>${name}</dt><dd class="${isGood ? 'good' : 'bad'}">${text}</dd></div>`,
  );
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${texts.title}</title>
<style>${STYLE}</style></head><body><h1>${texts.title}</h1>
<h2 class="${state === 'all' ? 'good' : 'bad'}">${texts[state]}</h2>
<dl>${lines.join('\n')}</dl><p>${texts.safe}</p><p>${texts.seen(readable(status.atMs))}</p></body></html>
`;
}

function moment(ms: number): string {
  return new Date(ms).toISOString();
}

/** "2026-11-21 16:30 UTC". */
function readable(ms: number): string {
  return `${moment(ms).slice(0, 16).replace('T', ' ')} UTC`;
}

function minutesIn(ms: number): number {
  return Math.floor(ms / 60_000);
}
