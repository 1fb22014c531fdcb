// Everything we say in English, which is also the shape of every other language: a text missing elsewhere, or with
// other parameters, does not compile.
import { admin } from './en/admin.ts';
import { age } from './en/age.ts';
import { about, buttons, help, menu, settings, start, talk } from './en/common.ts';
import { incidents } from './en/incidents.ts';
import { notices } from './en/notices.ts';
import { pay, request, send, sweep } from './en/pay.ts';
import { refusals } from './en/refusals.ts';
import { amount, balance, history, money, rate, receive } from './en/wallet.ts';

export const en = {
  name: 'English',
  ...{ about, admin, age, amount, balance, buttons, help, history, menu, money, notices, pay, rate, receive, refusals },
  ...{ incidents, request, send, settings, start, sweep, talk },
};

export type Texts = typeof en;
