// Fits an answer to what a face can show. Without buttons each choice becomes a numbered line, without edits a new
// message, without pictures the words alone; what the numbers mean is kept in the session.
import type { Answer, Button, Face, Reply } from './message.ts';
import { type Rich, rich, toPlain } from './rich.ts';
import type { Texts } from './texts/en.ts';

const YES = new Set(['yes', 'y', 'ndiyo', 'ndio', 'sawa']);
const NO = new Set(['no', 'n', 'hapana']);

/** The answer as this face can show it, and the data of its buttons in the order of their numbers. */
export function fit(answer: Answer, face: Face, texts: Texts): { answer: Answer; choices: readonly string[] } {
  const choices = answer.replies.flatMap((reply) => (reply.buttons ?? []).flat().flatMap(dataOf));
  let counted = 0;
  const replies = answer.replies.map((reply) => {
    const first = counted + 1;
    counted += (reply.buttons ?? []).flat().flatMap(dataOf).length;
    const numbered = face.buttons ? reply : withNumbers(reply, first, texts);
    return withoutWhatIsMissing(numbered, face);
  });
  return { answer: { ...answer, replies }, choices };
}

/** What a short answer to our last choices means: the data of a button, or undefined. */
export function chosen(text: string, choices: readonly string[] | undefined, face: Face): string | undefined {
  const said = text.trim().toLowerCase().replace(/[.!]$/, '');
  if (!choices) return undefined;
  if (YES.has(said)) return choices.find((data) => data.startsWith('confirm:'));
  if (NO.has(said)) return choices.find((data) => data.startsWith('drop:'));
  return face.buttons || !/^[1-9]\d?$/.test(said) ? undefined : choices[Number(said) - 1];
}

function withNumbers(reply: Reply, first: number, texts: Texts): Reply {
  const { buttons = [], ...bare } = reply;
  let number = first;
  const lines: Rich = buttons.flat().flatMap((button) => {
    if ('url' in button) return rich`\n${button.label}: ${button.url}`;
    if ('copy' in button) return [];
    const line = rich`\n${String(number)}. ${button.label}`;
    number += 1;
    return line;
  });
  if (lines.length === 0) return bare;
  const hint = number > first ? rich`\n${texts.talk.choose()}` : [];
  return { ...bare, text: rich`${bare.text}\n${lines}${hint}` };
}

function withoutWhatIsMissing(reply: Reply, face: Face): Reply {
  const { edit, qr, ...rest } = reply;
  return { ...rest, ...(edit && face.edits ? { edit } : {}), ...(qr !== undefined && face.pictures ? { qr } : {}) };
}

function dataOf(button: Button): string[] {
  return 'data' in button ? [button.data] : [];
}

/** The short note over a pressed button, which knows no form. */
export function toToast(text: Rich): string {
  return toPlain(text).slice(0, 190);
}
