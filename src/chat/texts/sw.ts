// Everything we say in Kiswahili, complete by the compiler.
import type { Texts } from './en.ts';
import { admin } from './sw/admin.ts';
import { age } from './sw/age.ts';
import { about, buttons, help, menu, settings, start, talk } from './sw/common.ts';
import { incidents } from './sw/incidents.ts';
import { notices } from './sw/notices.ts';
import { pay, request, send, sweep } from './sw/pay.ts';
import { refusals } from './sw/refusals.ts';
import { amount, balance, history, money, rate, receive } from './sw/wallet.ts';

export const sw: Texts = {
  name: 'Kiswahili',
  ...{ about, admin, age, amount, balance, buttons, help, history, menu, money, notices, pay, rate, receive, refusals },
  ...{ incidents, request, send, settings, start, sweep, talk },
};
