// Alerts and the morning's digest in words, the same in the news, on a pressed card and in the list. An alert's own words
// are an operator's, in the language they were written in; they stay within their lines and never begin one.
import { type AlertTold, worstOf } from '../domain/incidents.ts';
import type { AlertsTold, Digest, Notice } from '../domain/notice.ts';
import { dayTime, sats, type View } from './format.ts';
import type { Reply } from './message.ts';
import { bold, code, type Rich, rich, words } from './rich.ts';
import { nameOf } from './said.ts';
import { textsIn } from './texts/index.ts';

type AlertNotice = Extract<Notice, { kind: `alert_${string}` }>;

/** The news of alerts that came together; `toldId` is their subject. */
export function alertNews(notice: AlertNotice, toldId: string, view: View): Reply {
  const { incidents: texts } = textsIn(view.language);
  switch (notice.kind) {
    case 'alert_raised': {
      const isLoud = worstOf(notice.alerts) !== 'info';
      const buttons = [[{ label: texts.ack, data: `incidents:ack:${toldId}` }]];
      return { text: alertText(notice, view), buttons, ...(isLoud ? {} : { silent: true }) };
    }
    case 'alert_acked': {
      const by = rich`${nameOf(notice.byName)}`;
      return { text: alertText(notice, view, texts.ackedBy(by, dayTime(view, notice.atMs))), silent: true };
    }
    case 'alert_over': {
      const over = texts.over(dayTime(view, notice.sinceMs), dayTime(view, notice.atMs));
      return { text: alertText(notice, view, over), silent: true };
    }
  }
}

/** What came together: the first in full, the others a line each. `state` says what became of it. */
export function alertText({ alerts, more }: AlertsTold, view: View, state: Rich = []): Rich {
  const { incidents: texts } = textsIn(view.language);
  const [first, ...others] = alerts;
  const head = bold(`${texts.severities[worstOf(alerts)]} · ${first?.name ?? '?'}`);
  const rest = others.flatMap((each): Rich => rich`\n• ${each.name}${summaryOf(each)}`);
  const counted: Rich = more > 0 ? rich`\n${texts.more(String(more))}` : [];
  return rich`${head}${first ? inFull(first, view) : []}${rest}${counted}${state.length > 0 ? rich`\n\n${state}` : []}`;
}

function inFull(alert: AlertTold, view: View): Rich {
  const { incidents: texts } = textsIn(view.language);
  const { description, runbook } = alert;
  const action: Rich = description ? rich`\n${texts.action}: ${description}` : [];
  // As code, or a chat would make an address of a file's name.
  const place: Rich = runbook ? rich`\n${texts.runbook}: ${code(runbook)}` : [];
  return rich`${summaryOf(alert)}${action}${place}`;
}

/** Behind the alert's name, so that nothing in it begins a line. */
function summaryOf({ summary }: AlertTold): string {
  const clean = words(summary);
  return clean ? `: ${clean}` : '';
}

/** The morning's digest. */
export function digestText(digest: Digest, view: View): Rich {
  const { incidents, admin } = textsIn(view.language);
  const { digest: texts } = incidents;
  const names = digest.incidents.map(({ name, count }) => (count > 1 ? `${name} ×${count}` : name)).join(', ');
  const amount = (msat: string) => sats(BigInt(msat), 'down');
  return rich`${texts.title(dayTime(view, digest.untilMs))}

${texts.users(String(digest.users), String(digest.newUsers))}
${texts.volume(amount(digest.inMsat), amount(digest.outMsat), amount(digest.insideMsat))}
${texts.payments(String(digest.paid), String(digest.failed))}
${admin.books(digest.booksOk)}
${names ? texts.alerts(names) : texts.noAlerts}${digest.open > 0 ? rich`\n${texts.openNow(String(digest.open))}` : []}`;
}
