// Kiswahili: alerts and the morning's digest, for those who run it.
import { bold, type Rich, rich } from '../../rich.ts';
import type { Texts } from '../en.ts';

export const incidents: Texts['incidents'] = {
  severities: {
    info: 'ℹ️ Kwa taarifa yako',
    warning: '⚠️ Onyo',
    critical: '🔴 Hatari',
    emergency: '🚨 Dharura',
  },
  action: 'La kufanya',
  runbook: 'Mwongozo',
  more: (count: string): Rich => rich`Na nyingine ${count}: /incidents`,
  ack: '✋ Nashughulikia',
  ackedBy: (by: Rich, at: string): Rich =>
    rich`✋ Inashughulikiwa na ${by} tangu ${at}. Haitamwita mwingine inapoendelea.`,
  ackedByYou: (at: string): Rich => rich`✋ Unashughulikia tangu ${at}. Haitamwita mwingine inapoendelea.`,
  over: (since: string, at: string): Rich => rich`✅ Imekwisha. Iliendelea kuanzia ${since} hadi ${at}.`,
  overBefore: (): Rich => rich`✅ Imeshakwisha. Hakuna cha kushughulikia.`,
  open: bold('Tahadhari zinazoendelea'),
  none: 'Hakuna. Mambo yote ni shwari.',
  past: bold('Zilizokwisha'),
  states: { open: '🔴', acked: '✋', over: '✅' },
  ackNumber: (number: string) => `✋ ${number}`,
  digest: {
    title: (day: string): Rich => rich`☀️ ${bold('Saa 24 zilizopita')}, hadi ${day}`,
    users: (users: string, fresh: string) => `Pochi: ${users} (mpya ${fresh})`,
    volume: (into: string, out: string, inside: string) =>
      `Zilizoingia: ${into}\nZilizotoka: ${out}\nZa ndani: ${inside}`,
    payments: (paid: string, failed: string) => `Malipo: ${paid} yamelipwa, ${failed} yameshindwa`,
    noAlerts: 'Hakuna tahadhari.',
    alerts: (names: string) => `Tahadhari: ${names}`,
    openNow: (count: string): Rich => rich`Zinazoendelea bado: ${count}. Angalia /incidents`,
  },
};
