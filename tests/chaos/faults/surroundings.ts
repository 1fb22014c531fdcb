// What happens between the parts: a network cut between any two, deliveries doubled and out of order, and a clock that
// is ten minutes off.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { BOT_NAMES, WORKER_NAMES } from '../field.ts';

const OFF_S = 600;

const links: Fault['targets'] = ({ wires }) => [...wires.keys()];

export const networkCut: Fault = {
  name: 'network cut',
  targets: links,
  async strike({ wires }, link, dice) {
    wires.get(link)?.cut();
    await sleep(dice.whole(1_000, 8_000));
    wires.get(link)?.mend();
  },
};

export const networkSilent: Fault = {
  name: 'network silent',
  targets: links,
  async strike({ wires }, link, dice) {
    wires.get(link)?.silence();
    await sleep(dice.whole(1_000, 8_000));
    wires.get(link)?.mend();
  },
};

export const deliveriesDoubled: Fault = {
  name: 'deliveries doubled',
  targets: () => ['deliveries'],
  async strike({ telegram }, _target, dice) {
    telegram.faults.duplicate = dice.whole(1, 3);
    await sleep(dice.whole(4_000, 10_000));
    telegram.faults.duplicate = 0;
  },
};

export const deliveriesReordered: Fault = {
  name: 'deliveries doubled and reordered',
  targets: () => ['deliveries'],
  async strike({ telegram }, _target, dice) {
    Object.assign(telegram.faults, { duplicate: 1, shuffleCallbacks: true });
    await sleep(dice.whole(4_000, 10_000));
    Object.assign(telegram.faults, { duplicate: 0, shuffleCallbacks: false });
  },
};

export const clockWrong: Fault = {
  name: 'clock ten minutes off',
  targets: ({ setClock }) => (setClock ? [...BOT_NAMES, ...WORKER_NAMES].map((name) => `clock of ${name}`) : []),
  async strike({ setClock }, target, dice) {
    const name = target.replace('clock of ', '');
    setClock?.(name, dice.one([-OFF_S, OFF_S]));
    await sleep(dice.whole(5_000, 20_000));
    setClock?.(name, 0);
  },
};
