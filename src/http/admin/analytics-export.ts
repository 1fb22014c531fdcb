// The same figures for other programs: one table of plain lines as CSV, and JSON with amounts as decimal strings. A cell that a
// spreadsheet would take for a formula is made a text.
import { type Analytics, RETURN_DAYS } from '../../flows/analytics.ts';

const HEADINGS = ['what', 'when', 'name', 'count', 'msat'] as const;

/** One line for each figure: what it is, of which day or hour, of what, how often, how much. */
export function analyticsCsv(found: Analytics): string {
  const lines: string[][] = [[...HEADINGS]];
  for (const day of found.days) {
    lines.push(['opened', day.day, '', String(day.opened), ''], ['active', day.day, '', String(day.active), '']);
    for (const way of ['in', 'out', 'inside'] as const) {
      lines.push(['moved', day.day, way, String(day[way].count), String(day[way].msat)]);
    }
  }
  for (const { day, name, count, failed } of found.commands) {
    lines.push(['command', day, name, String(count), ''], ['command_failed', day, name, String(failed), '']);
  }
  for (const { hourMs, kind, name, count } of found.errors) {
    lines.push([`error_${kind}`, new Date(hourMs).toISOString(), name, String(count), '']);
  }
  for (const { day, opened, returned } of found.cohorts) {
    lines.push(['cohort', day, 'opened', String(opened), '']);
    RETURN_DAYS.forEach((after, at) => {
      const people = returned[at];
      if (typeof people === 'number') lines.push(['cohort', day, `returned_day_${after}`, String(people), '']);
    });
  }
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** As RFC 4180 has it; a text that begins as a formula does is marked as a text. */
export function csvCell(text: string): string {
  const safe = /^\s*[=+\-@\t\r\n|%]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function analyticsJson({ atMs, askedDays, since, days, cohorts, commands, errors }: Analytics): object {
  const moved = ({ count, msat }: { count: number; msat: bigint }) => ({ count, msat: String(msat) });
  return {
    at: new Date(atMs).toISOString(),
    askedDays,
    countedSince: since ?? null,
    days: days.map((day) => ({
      day: day.day,
      opened: day.opened,
      active: day.active,
      in: moved(day.in),
      out: moved(day.out),
      inside: moved(day.inside),
    })),
    cohorts: cohorts.map(({ day, opened, returned }) => ({
      day,
      opened,
      returned: Object.fromEntries(RETURN_DAYS.map((after, at) => [after, returned[at] ?? null])),
    })),
    commands,
    errors: errors.map(({ hourMs, ...rest }) => ({ hour: new Date(hourMs).toISOString(), ...rest })),
  };
}
