// Kiswahili: for those who run it.
import { bold, type Rich, rich } from '../../rich.ts';
import type { Texts } from '../en.ts';

export const admin: Texts['admin'] = {
  stats: bold('Hali ya mfumo'),
  instances: 'Instansi',
  queues: 'Foleni (zinasubiri, zinafanyika, zimeahirishwa, zimeshindwa)',
  users: 'Pochi',
  volume: 'Zilizosafiri kwa saa 24',
  payments: (held: string, sending: string) => `Malipo yaliyotengwa: ${held}, yanayotumwa: ${sending}`,
  rate: (age: string | undefined) => (age ? `Kiwango ni cha ${age} zilizopita` : 'Hakuna kiwango'),
  books: (isOk: boolean): string => (isOk ? '✅ Vitabu: jumla ya kila sarafu ni sifuri' : '🚨 Vitabu: jumla SI sifuri'),
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
  nothing: 'hakuna',
};
