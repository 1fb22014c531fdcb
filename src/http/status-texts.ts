// What the status page says, in the two languages, as plainly as one would say it to a neighbour. The moments in it are
// UTC and say so, since nobody who reads it has told us where they are.
import type { RailStatus } from '../flows/status.ts';

export type StatusTexts = {
  readonly title: string;
  readonly all: string;
  readonly some: string;
  readonly unsure: string;
  readonly rails: { readonly receive: string; readonly send: string; readonly pay: string };
  readonly state: Readonly<Record<RailStatus, string>>;
  readonly rate: string;
  rateAge(minutes: number): string;
  readonly rateOld: string;
  readonly rateNone: string;
  readonly books: string;
  readonly booksAgree: string;
  readonly booksDiffer: string;
  readonly instances: string;
  count(bots: number, workers: number): string;
  readonly unknown: string;
  readonly incident: string;
  readonly incidentNone: string;
  incidentNow(since: string): string;
  incidentOver(since: string, minutes: number): string;
  readonly safe: string;
  seen(at: string): string;
};

export const STATUS_TEXTS: Readonly<Record<'en' | 'sw', StatusTexts>> = {
  en: {
    title: 'How Satfleet is',
    all: 'Everything works.',
    some: 'Something does not work right now.',
    unsure: 'We cannot tell right now.',
    rails: { receive: 'Receive by Lightning', send: 'Send to people here', pay: 'Pay by Lightning' },
    state: { works: 'works', paused: 'paused by us', down: 'does not work', unknown: 'cannot be told' },
    rate: 'Bitcoin price',
    rateAge: (minutes) => (minutes < 1 ? 'less than a minute old' : `${minutes} min old`),
    rateOld: 'too old to rely on',
    rateNone: 'none right now',
    books: 'Books against our nodes',
    booksAgree: 'agree',
    booksDiffer: 'do not agree, people look at it',
    instances: 'Machines at work',
    count: (bots, workers) => `${bots} for messages, ${workers} for payments`,
    unknown: 'cannot be told',
    incident: 'Last incident',
    incidentNone: 'none known',
    incidentNow: (since) => `since ${since}, being worked on`,
    incidentOver: (since, minutes) => `${since}, over after ${minutes} min`,
    safe: 'Whatever stands here, your sats stay yours: what has not left is still in your balance.',
    seen: (at) => `Seen at ${at}. Reload the page to look again.`,
  },
  sw: {
    title: 'Hali ya Satfleet',
    all: 'Kila kitu kinafanya kazi.',
    some: 'Kuna kitu hakifanyi kazi sasa.',
    unsure: 'Hatuwezi kusema kwa sasa.',
    rails: { receive: 'Kupokea kwa Lightning', send: 'Kutuma kwa watu wa hapa', pay: 'Kulipa kwa Lightning' },
    state: { works: 'inafanya kazi', paused: 'tumeisimamisha', down: 'haifanyi kazi', unknown: 'haijulikani' },
    rate: 'Bei ya bitcoin',
    rateAge: (minutes) => (minutes < 1 ? 'ya chini ya dakika moja' : `ya dakika ${minutes} zilizopita`),
    rateOld: 'ya zamani mno, usiitegemee',
    rateNone: 'haipo kwa sasa',
    books: 'Vitabu vyetu na nodi zetu',
    booksAgree: 'vinalingana',
    booksDiffer: 'havilingani, watu wanaangalia',
    instances: 'Mashine zinazofanya kazi',
    count: (bots, workers) => `${bots} za ujumbe, ${workers} za malipo`,
    unknown: 'haijulikani',
    incident: 'Tatizo la mwisho',
    incidentNone: 'hakuna linalojulikana',
    incidentNow: (since) => `tangu ${since}, linashughulikiwa`,
    incidentOver: (since, minutes) => `${since}, liliisha baada ya dakika ${minutes}`,
    safe: 'Lolote liandikwalo hapa, sats zako ni zako: kisichotoka bado kiko kwenye salio lako.',
    seen: (at) => `Imeangaliwa ${at}. Pakia ukurasa upya kuangalia tena.`,
  },
};
