// The figures of the last days as a page: bars for what goes by day or hour, tables for commands and for who came back. It
// shows what `flows/analytics.ts` gives and counts nothing by itself.
import { type Analytics, type Cohort, MOST_DAYS, RETURN_DAYS } from '../../flows/analytics.ts';
import type { HttpAnswer } from '../server.ts';
import { type Bar, barChart } from './chart.ts';
import { escaped, page } from './page.ts';
import { ADMIN_TEXTS, type AdminTexts } from './texts.ts';

const CHOICES = [7, 30, MOST_DAYS];
/** More bars than this are no bars any more. */
const MOST_ERROR_DAYS = 7;
const MOST_COHORTS = 40;
const DAY_MS = 24 * 60 * 60_000;
const HOUR_MS = 60 * 60_000;

/** The page. `path` is where it stands; its exports stand beside it, with `.csv` and `.json`. */
export function analyticsPage(
  found: Analytics,
  language: 'en' | 'sw',
  given: { path: string; home: string },
): HttpAnswer {
  const texts = ADMIN_TEXTS[language];
  const { path, home } = given;
  const days = CHOICES.map((each) => {
    const label = texts.lastDays(each);
    return each === found.askedDays ? `<b>${label}</b>` : `<a href="${path}?days=${each}">${label}</a>`;
  });
  const asked = `?days=${found.askedDays}`;
  const body = `<h1>${texts.analytics}</h1>
<nav><a href="${home}">${texts.home}</a>${days.join('')}<a href="${path}.csv${asked}">${texts.asTable}</a><a href="${path}.json${asked}">${texts.asData}</a></nav>
<div class="charts">${byDay(found, texts)}</div>
${errorsChart(found, texts)}
${commandsTable(found, texts)}
${returnsTable(found, texts)}
<p><small>${found.since === undefined ? texts.sinceNever : texts.since(found.since)} ${texts.seen(readable(found.atMs))}</small></p>`;
  return page({ language, title: texts.analytics, body });
}

function byDay({ days }: Analytics, texts: AdminTexts): string {
  const chart = (name: string, pick: (day: Analytics['days'][number]) => bigint) => {
    const bars = days.map((each): Bar => ({ label: each.day, value: Number(pick(each)), shown: grouped(pick(each)) }));
    return barChart(bars, { name, about: about(days.map(pick), texts) });
  };
  // Whoever writes on two days is one of both: their sum would be nobody's number.
  const active = days.map((each): Bar => ({ label: each.day, value: each.active, shown: String(each.active) }));
  const most = Math.max(0, ...days.map((each) => each.active));
  return [
    barChart(active, { name: texts.active, about: texts.most(grouped(BigInt(most))) }),
    chart(texts.opened, ({ opened }) => BigInt(opened)),
    chart(texts.moved.in, (day) => day.in.msat / 1_000n),
    chart(texts.moved.out, (day) => day.out.msat / 1_000n),
    chart(texts.moved.inside, (day) => day.inside.msat / 1_000n),
  ].join('');
}

function about(values: readonly bigint[], texts: AdminTexts): string {
  const total = values.reduce((sum, each) => sum + each, 0n);
  const [most = 0n] = values.toSorted((one, other) => (one < other ? 1 : -1));
  return `${texts.total(grouped(total))} · ${texts.most(grouped(most))}`;
}

function errorsChart({ errors, atMs, askedDays }: Analytics, texts: AdminTexts): string {
  const shownDays = Math.min(askedDays, MOST_ERROR_DAYS);
  const thisHourMs = atMs - (atMs % HOUR_MS);
  const hours = (shownDays * DAY_MS) / HOUR_MS;
  const bars = Array.from({ length: hours }, (_, at): Bar => {
    const hourMs = thisHourMs - (hours - 1 - at) * HOUR_MS;
    const here = errors.filter((each) => each.hourMs === hourMs);
    const value = here.reduce((sum, each) => sum + each.count, 0);
    const what = here.map(({ name, count }) => `${name} ${count}`).join(', ');
    return { label: readable(hourMs), value, shown: what === '' ? '0' : `${value} (${what})` };
  });
  const values = bars.map(({ value }) => BigInt(value));
  const said = `${texts.errorsOf(shownDays)} · ${about(values, texts)}`;
  return barChart(bars, { name: texts.errors, about: said, isBad: true });
}

function commandsTable({ commands, days }: Analytics, texts: AdminTexts): string {
  const byName = Map.groupBy(commands, ({ name }) => name);
  const rows = [...byName]
    .map(([name, all]) => ({
      name,
      count: all.reduce((sum, each) => sum + each.count, 0),
      failed: all.reduce((sum, each) => sum + each.failed, 0),
    }))
    .sort((one, other) => other.count - one.count);
  const perDay = days.map(({ day }): Bar => {
    const value = commands.reduce((sum, each) => (each.day === day ? sum + each.count : sum), 0);
    return { label: day, value, shown: grouped(BigInt(value)) };
  });
  const chart = barChart(perDay, {
    name: texts.commands,
    about: about(
      perDay.map(({ value }) => BigInt(value)),
      texts,
    ),
  });
  if (rows.length === 0) return `${chart}<p>${texts.none}</p>`;
  const lines = rows.map(
    ({ name, count, failed }) =>
      `<tr><td>${escaped(name)}</td><td>${grouped(BigInt(count))}</td><td>${grouped(BigInt(failed))}</td></tr>`,
  );
  return `${chart}<div class="wide"><table><tr><th>${texts.command}</th><th>${texts.count}</th><th>${texts.failed}</th></tr>${lines.join('')}</table></div>`;
}

function returnsTable({ cohorts }: Analytics, texts: AdminTexts): string {
  const heading = `<h2>${texts.returned}</h2><p><small>${texts.returnedHint}</small></p>`;
  if (cohorts.length === 0) return `${heading}<p>${texts.none}</p>`;
  const head = RETURN_DAYS.map((after) => `<th>${texts.afterDays(after)}</th>`).join('');
  const line = (name: string, opened: number, shares: readonly string[]) =>
    `<tr><td>${name}</td><td>${grouped(BigInt(opened))}</td>${shares.map((share) => `<td>${share}</td>`).join('')}</tr>`;
  const opened = cohorts.reduce((sum, each) => sum + each.opened, 0);
  const together = line(
    texts.all,
    opened,
    RETURN_DAYS.map((_, at) => shareOf(cohorts, at)),
  );
  const each = cohorts.slice(0, MOST_COHORTS).map((cohort) =>
    line(
      cohort.day,
      cohort.opened,
      RETURN_DAYS.map((_, at) => shareOf([cohort], at)),
    ),
  );
  return `${heading}<div class="wide"><table><tr><th>${texts.openedOn}</th><th>${texts.opened}</th>${head}</tr>${together}${each.join('')}</table></div>`;
}

/** Of those cohorts of which it is known. */
function shareOf(cohorts: readonly Cohort[], at: number): string {
  const known = cohorts.filter(({ returned }) => typeof returned[at] === 'number');
  const opened = known.reduce((sum, each) => sum + each.opened, 0);
  if (opened === 0) return '–';
  const returned = known.reduce((sum, each) => sum + (each.returned[at] ?? 0), 0);
  return `${Math.round((returned / opened) * 100)} %`;
}

/** "1 234 567", with spaces that do not break. */
function grouped(value: bigint): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u00a0');
}

/** "2026-11-21 16:30 UTC". */
function readable(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
