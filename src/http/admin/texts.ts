// What the pages of admins say, in the two languages. Times in them are UTC and say so, since figures of a fleet have no
// place of their own.
export type AdminTexts = {
  readonly title: string;
  readonly enter: string;
  readonly enterHint: string;
  readonly closed: string;
  readonly closedHint: string;
  readonly linkOver: string;
  readonly away: string;
  readonly leave: string;
  readonly left: string;
  readonly queues: string;
  readonly queuesHint: string;
  readonly analytics: string;
  readonly analyticsHint: string;
  readonly home: string;
  lastDays(days: number): string;
  readonly asTable: string;
  readonly asData: string;
  readonly opened: string;
  readonly active: string;
  readonly moved: { readonly in: string; readonly out: string; readonly inside: string };
  readonly commands: string;
  readonly command: string;
  readonly count: string;
  readonly failed: string;
  readonly errors: string;
  errorsOf(days: number): string;
  readonly returned: string;
  readonly returnedHint: string;
  readonly openedOn: string;
  afterDays(days: number): string;
  readonly all: string;
  readonly none: string;
  total(text: string): string;
  most(text: string): string;
  since(day: string): string;
  readonly sinceNever: string;
  seen(at: string): string;
};

export const ADMIN_TEXTS: Readonly<Record<'en' | 'sw', AdminTexts>> = {
  en: {
    title: 'Satfleet for admins',
    enter: 'Enter',
    enterHint: 'The link you followed works once. Press the button to use it; the session lasts half an hour.',
    closed: 'You are not in',
    closedHint: 'Write /web to the bot as an admin: it gives you a link to this page.',
    linkOver: 'This link was used already or is older than five minutes. Nothing was done. Write /web for a new one.',
    away: 'A part of us cannot be reached. Nothing was done. Try again in a minute.',
    leave: 'Leave',
    left: 'You are out.',
    queues: 'Queues',
    queuesHint: 'what waits, runs and has failed; those of money are for looking only',
    analytics: 'Analytics',
    analyticsHint: 'people, money moved, commands and errors of the last days',
    home: 'Back',
    lastDays: (days) => `${days} days`,
    asTable: 'CSV',
    asData: 'JSON',
    opened: 'New wallets',
    active: 'People who wrote',
    moved: {
      in: 'Received over Lightning, sats',
      out: 'Paid over Lightning, sats',
      inside: 'Moved between people here, sats',
    },
    commands: 'Commands',
    command: 'Command',
    count: 'Times',
    failed: 'Failed',
    errors: 'Errors by the hour',
    errorsOf: (days) => `of messages and jobs, last ${days} days`,
    returned: 'Who came back',
    returnedHint:
      'Of those whose wallet was opened on a day, who wrote again so many days later. –: that day is not over, or nobody counted then.',
    openedOn: 'Day',
    afterDays: (days) => `${days}\u00a0d`,
    all: 'All of these',
    none: 'None.',
    total: (text) => `Total ${text}`,
    most: (text) => `most ${text}`,
    since: (day) => `People, commands and errors are counted since ${day}.`,
    sinceNever: 'People, commands and errors are not counted yet.',
    seen: (at) => `As of ${at}. Days and hours are UTC; today is not over.`,
  },
  sw: {
    title: 'Satfleet kwa wasimamizi',
    enter: 'Ingia',
    enterHint: 'Kiungo ulichofuata kinafanya kazi mara moja. Bonyeza kitufe kukitumia; utakuwa ndani kwa nusu saa.',
    closed: 'Hujaingia',
    closedHint: 'Mwandikie bot /web ukiwa msimamizi: itakupa kiungo cha ukurasa huu.',
    linkOver: 'Kiungo hiki kimeshatumika au kimepita dakika tano. Hakuna kilichofanyika. Andika /web upate kipya.',
    away: 'Sehemu yetu moja haipatikani. Hakuna kilichofanyika. Jaribu tena baada ya dakika moja.',
    leave: 'Toka',
    left: 'Umetoka.',
    queues: 'Foleni',
    queuesHint: 'kinachosubiri, kinachofanyika na kilichoshindwa; za pesa ni za kutazama tu',
    analytics: 'Takwimu',
    analyticsHint: 'watu, pesa zilizosafiri, amri na makosa ya siku zilizopita',
    home: 'Rudi',
    lastDays: (days) => `siku ${days}`,
    asTable: 'CSV',
    asData: 'JSON',
    opened: 'Pochi mpya',
    active: 'Watu walioandika',
    moved: {
      in: 'Zilizopokelewa kwa Lightning, sats',
      out: 'Zilizolipwa kwa Lightning, sats',
      inside: 'Zilizotumwa kati ya watu wa hapa, sats',
    },
    commands: 'Amri',
    command: 'Amri',
    count: 'Mara',
    failed: 'Zilizoshindwa',
    errors: 'Makosa kwa saa',
    errorsOf: (days) => `ya ujumbe na kazi, siku ${days} za mwisho`,
    returned: 'Waliorudi',
    returnedHint:
      'Kati ya waliofunguliwa pochi siku fulani, walioandika tena baada ya siku hizo. –: siku hiyo haijaisha, au hakuna aliyehesabu.',
    openedOn: 'Siku',
    afterDays: (days) => `siku\u00a0${days}`,
    all: 'Zote hizi',
    none: 'Hakuna.',
    total: (text) => `Jumla ${text}`,
    most: (text) => `nyingi zaidi ${text}`,
    since: (day) => `Watu, amri na makosa vinahesabiwa tangu ${day}.`,
    sinceNever: 'Watu, amri na makosa bado havijahesabiwa.',
    seen: (at) => `Hali ya ${at}. Siku na saa ni za UTC; leo haijaisha.`,
  },
};

/** The texts of a language ("sw", "sw-KE"); English where it is not known. */
export function adminTextsIn(language: string | undefined): AdminTexts {
  return ADMIN_TEXTS[languageOf(language)];
}

export function languageOf(language: string | undefined): 'en' | 'sw' {
  return /^\s*sw\b/i.test(language ?? '') ? 'sw' : 'en';
}
