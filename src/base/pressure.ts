// How hard a process is pressed, and what it leaves undone because of it: broadcasts first, then prices, then what people
// only look at, and money last of all. Pure: readings make a level, a level and a kind of work make a verdict. A level
// rises at the second look that asks for it and falls one step at a time, so that it does not flap.

/** From nothing at all to more than can be borne. */
export const LEVELS = ['calm', 'raised', 'high', 'severe', 'extreme'] as const;
export type Level = (typeof LEVELS)[number];

/**
 * What may be left undone, in the order in which it is. `looking` is whatever shows and moves nothing, `money` whatever
 * moves money or lets it come. What steers (an admin's command, a way out, help) has no place here: it is always done.
 */
export const WORKS = ['broadcast', 'prices', 'looking', 'money'] as const;
export type Work = (typeof WORKS)[number];

/** `wait`: nobody asked for it at this moment, so it is done later. `busy`: somebody did, and is told to come back. */
export type Verdict = 'go' | 'wait' | 'busy';

export type Reading = {
  /** How long a turn of the event loop takes into which somebody's message falls. */
  readonly lagMs: number;
  /** Callers who wait for a database connection, for each connection there is. */
  readonly poolWaiting: number;
  /** Callers who waited for one in vain since the last look, a second ago. */
  readonly poolRefused: number;
  /** How long the oldest payment waits that no worker has begun. */
  readonly queueAgeMs: number;
  /** Updates being handled. */
  readonly inHand: number;
};

/** `asked`: the level of the last reading by itself. `easedAtMs`: since when the readings ask for less than `level`. */
export type Felt = { readonly level: Level; readonly asked: Level; readonly easedAtMs: number | undefined };

export const CALM: Felt = { level: 'calm', asked: 'calm', easedAtMs: undefined };

/** What one process feels, read by whoever is about to begin something; written by its watch alone. */
export type Pressure = { felt: Felt };

type Step = Exclude<Level, 'calm'>;

// From which reading on a level is asked for. No queue is shortened by leaving a question unanswered, and updates in hand
// beyond the most a bot takes are brought to another one: neither keeps people from what they have.
const FROM: Readonly<Record<keyof Reading, Readonly<Partial<Record<Step, number>>>>> = {
  lagMs: { raised: 60, high: 250, severe: 2_000, extreme: 5_000 },
  poolWaiting: { raised: 2, high: 10 },
  poolRefused: { high: 5, severe: 20, extreme: 200 },
  queueAgeMs: { raised: 10_000, high: 60_000 },
  inHand: { raised: 100, high: 300 },
};
/** A level is left only below this share of what brought it. */
const EASED = 0.7;
const EASE_MS = 5_000;

const SHED_FROM: Readonly<Record<Work, Step>> = {
  broadcast: 'raised',
  prices: 'high',
  looking: 'severe',
  money: 'extreme',
};

/** A level as a number, 0 when calm. */
export function rankOf(level: Level): number {
  return LEVELS.indexOf(level);
}

/** The higher of the two. */
export function higher(one: Level, other: Level): Level {
  return rankOf(one) >= rankOf(other) ? one : other;
}

/**
 * What is felt after one look more.
 * @param nowMs of a steady clock.
 */
export function feel(before: Felt, reading: Reading, nowMs: number): Felt {
  const asked = askedBy(reading, 1);
  const lasting = rankOf(asked) < rankOf(before.asked) ? asked : before.asked;
  if (rankOf(lasting) > rankOf(before.level)) return { level: lasting, asked, easedAtMs: undefined };
  if (rankOf(askedBy(reading, EASED)) >= rankOf(before.level)) return { ...before, asked, easedAtMs: undefined };
  const easedAtMs = before.easedAtMs ?? nowMs;
  if (nowMs - easedAtMs < EASE_MS) return { ...before, asked, easedAtMs };
  return { level: LEVELS[rankOf(before.level) - 1] ?? 'calm', asked, easedAtMs: nowMs };
}

/** Whether this may begin at this level. */
export function verdictOf(level: Level, work: Work): Verdict {
  if (rankOf(level) < rankOf(SHED_FROM[work])) return 'go';
  return work === 'broadcast' ? 'wait' : 'busy';
}

function askedBy(reading: Reading, share: number): Level {
  const names = Object.keys(FROM) as (keyof Reading)[];
  const isAsked = (level: Level) =>
    level !== 'calm' && names.some((name) => reading[name] >= share * (FROM[name][level] ?? Number.POSITIVE_INFINITY));
  return LEVELS.findLast(isAsked) ?? 'calm';
}
