// Kiswahili: for those who run it.
import { bold, type Rich, rich } from '../../rich.ts';
import type { Texts } from '../en.ts';

export const admin: Texts['admin'] = {
  stats: bold('Hali ya mfumo'),
  instances: 'Instansi',
  busy: (percent: number) => `shughuli ${percent} %`,
  pressed: (level: string) => `shinikizo: ${level}`,
  cache: (percent: number) => `Akiba: ${percent} % ilijulikana`,
  queues: 'Foleni (zinasubiri · zinafanyika · zimeahirishwa · zimeshindwa · zilizofanyika kwa dakika)',
  users: 'Pochi',
  active: (count: number) => `waliotumia leo: ${count}`,
  volume: 'Zilizosafiri kwa saa 24',
  ways: { in: 'zilizoingia', out: 'zilizotoka', inside: 'za ndani' },
  payments: (held: string, sending: string) => `Malipo yaliyotengwa: ${held}, yanayotumwa: ${sending}`,
  rate: (bitcoin: string | undefined, fiat: string | undefined) =>
    bitcoin ? `Kiwango ni cha ${bitcoin} zilizopita, sarafu ${fiat ?? '?'}` : 'Hakuna kiwango',
  worth: (owed: string, atNodes: string, suspense: string) =>
    `Tunadaiwa na watu: ${owed} · kwenye nodi zetu: ${atNodes} · zisizoelezeka: ${suspense}`,
  books: (isOk: boolean): string => (isOk ? '✅ Vitabu: jumla ya kila sarafu ni sifuri' : '🚨 Vitabu: jumla SI sifuri'),
  off: (what: string) => `⛔ Vimezimwa: ${what}`,
  buttons: {
    refresh: '🔄 Onyesha upya',
    failed: 'Kazi zilizoshindwa',
    newer: '◀ Mpya zaidi',
    older: 'Za zamani ▶',
    newest: '⏮ Mpya kabisa',
    stop: '⏹ Simamisha',
    sendToAll: (count: number) => `📣 Tuma kwa ${count}`,
  },
  noFailed: (): Rich => rich`Hakuna kazi zilizoshindwa.`,
  failed: bold('Kazi zilizoshindwa, mpya kwanza'),
  attempts: (count: number) => (count === 1 ? 'jaribio 1' : `majaribio ${count}`),
  retried: (lines: string, unknown: number): Rich =>
    rich`Zimejaribiwa tena:\n${lines}\n\nMalipo ambayo matokeo yake hayajulikani: ${String(unknown)}. Yanabaki kama yalivyo na yanaulizwa yenyewe.`,
  refundUsage: (): Rich => rich`Andika /refund na namba kamili ya malipo. Hakuna kilichofanyika.`,
  refundAsked: (): Rich =>
    rich`Mfanyakazi anaangalia malipo haya na nodi yake sasa; jibu litakuja hapa. Hakuna kinachorudishwa kabla ya hapo.`,
  sending: (isOn: boolean, since: string): Rich =>
    isOn
      ? rich`✅ Kutuma kunafanya kazi tangu ${since}.`
      : rich`⛔ Kutuma kumesimamishwa tangu ${since}. Kupokea kunaendelea. Kuanza tena: /sending on`,
  broken: (promises: string): Rich => rich`Zilizovunjika na kujulikana: ${promises}`,
  unknownId: (): Rich => rich`Siijui namba hii. Andika /why na herufi nane zilizo baada ya "Na.", au namba yote.`,
  userUsage: (): Rich =>
    rich`Andika /user na @jina, namba, au herufi nane zilizo baada ya "Na.". Hakuna kilichofanyika.`,
  person: {
    since: 'Yupo tangu',
    lastSeen: 'Alionekana mwisho',
    reads: 'Husoma',
    has: 'Zinazopatikana',
    held: 'Zilizotengwa',
    invoices: 'Ankara zilizo wazi',
    payments: 'Malipo ambayo hayajaisha',
    role: 'Nafasi',
    news: 'Habari kutoka kwetu',
    muted: 'zimezimwa',
    wanted: 'zinatakiwa',
    number: 'Namba',
    free: '✅ Hajazuiwa',
    frozen: (since: string) => `🧊 Amezuiwa tangu ${since}`,
  },
  freezeUsage: (): Rich => rich`Andika /freeze, @jina au namba, na sababu. Hakuna kilichofanyika.`,
  frozen: (person: Rich): Rich =>
    rich`🧊 ${person} amezuiwa: hakuna kinachotoka kwenye pochi hii; kupokea na kutazama kunaendelea. Kumaliza: /unfreeze`,
  frozenBefore: (person: Rich): Rich => rich`${person} alikuwa amezuiwa tayari; sababu ya kwanza inabaki.`,
  unfreezeUsage: (): Rich => rich`Andika /unfreeze na @jina au namba. Hakuna kilichofanyika.`,
  unfrozen: (person: Rich): Rich => rich`✅ ${person} anaweza kutuma na kulipa tena.`,
  notFrozen: (person: Rich): Rich => rich`${person} hakuwa amezuiwa. Hakuna kilichobadilika.`,
  rails: {
    send: 'kutuma kwa watu wa hapa',
    pay: 'kulipa kwa Lightning',
    receive: 'ankara mpya',
  },
  railSince: (isOn: boolean, since: string) => (isOn ? `inafanya kazi tangu ${since}` : `imesitishwa tangu ${since}`),
  railUsage: (all: string): Rich => rich`Andika /pause au /resume na mojawapo ya: ${all}`,
  railAsBefore: (): Rich => rich`Ilikuwa hivyo tayari. Hakuna kilichobadilika.`,
  railTurned: (isOn: boolean): Rich =>
    isOn
      ? rich`✅ Imeendelezwa, katika instansi zote.`
      : rich`⛔ Imesitishwa, katika instansi zote: hakuna kipya kinachoanza, watu wanaambiwa hivyo, na kilicho njiani kinafika mwisho wake.`,
  admins: bold('Wasimamizi'),
  adminsUsage: (): Rich => rich`Kubadilisha: /admins add @jina, /admins remove @jina`,
  adminAdded: (person: Rich): Rich => rich`✅ ${person} ni msimamizi sasa.`,
  adminRemoved: (person: Rich): Rich => rich`✅ ${person} si msimamizi tena.`,
  adminAsBefore: (person: Rich): Rich => rich`Kwa ${person} ilikuwa hivyo tayari. Hakuna kilichobadilika.`,
  audit: bold('Walichofanya wasimamizi, kipya kwanza'),
  noAudit: (): Rich => rich`Hakuna kilichoandikwa kuhusu hilo.`,
  house: 'mfumo wenyewe',
  broadcastUsage: (most: string): Rich =>
    rich`Kuwaandikia watu: /broadcast, kisha all, en au sw, kisha maneno yako (herufi ${most} zaidi). Unayaona kwanza, na hakuna kinachotoka kabla hujabonyeza kitufe.`,
  broadcastPreview: (count: number): Rich =>
    rich`☝️ Yatasomeka hivyo. Ni ya watu ${String(count)} na yanatoka polepole, nyuma ya habari za malipo. Hakuna aliyeyapata bado.`,
  broadcastStates: {
    draft: 'Haijatumwa',
    running: '▶️ Iko njiani',
    done: '✅ Wote wamepewa',
    stopped: '⏹ Imesimamishwa: hakuna mwingine atakayeipata',
  },
  broadcastTold: (told: number, total: number) => `Wamepewa ${told} kati ya ${total}`,
  pin: {
    ask: (): Rich => rich`PIN yako, tafadhali. Naondoa ujumbe wako mara moja; kisha una dakika kumi.`,
    old: (): Rich => rich`PIN yako ya sasa, tafadhali. Naondoa ujumbe wako mara moja.`,
    fresh: (): Rich => rich`PIN yako mpya, tafadhali: tarakimu 6 hadi 12. Naondoa ujumbe wako mara moja.`,
    set: (): Rich => rich`✅ PIN yako imewekwa. Naiuliza kabla ya kinachosogeza pesa au watu.`,
    unset: (): Rich => rich`Hakuna kilichofanyika: hili linahitaji PIN yako, na bado huna. Iweke kwanza: /pin`,
  },
  web: {
    open: '🖥 Fungua',
    copy: 'Nakili anwani',
    here: (): Rich =>
      rich`Njia yako ya kwenda kwenye kurasa za wasimamizi. Inafanya kazi mara moja, ndani ya dakika tano, na ni yako peke yako: usimpe mtu. Utakuwa ndani kwa nusu saa.`,
    none: (): Rich =>
      rich`Hakuna kilichofanyika: mfumo huu hauna kurasa za wasimamizi. Anayesimamia seva anaweka ADMIN_URL.`,
  },
  nothing: 'hakuna',
};
