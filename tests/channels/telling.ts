// A ground for tests of notices: people who can be told something, and what they then see.
import { deliver } from '../../src/channels/deliver.ts';
import { telegramChannel } from '../../src/channels/telegram/channel.ts';
import type { Notice } from '../../src/domain/notice.ts';
import { openOrFind } from '../../src/flows/wallets.ts';
import { findNotice, insertNotice } from '../../src/infra/db/notices.ts';
import { type Ground, ground, type Instance } from './instances.ts';

export const PAID: Notice = {
  kind: 'payment_paid',
  amountMsat: '5000000',
  feeMsat: '2000',
  preimage: null,
  memo: null,
};
export const PENDING: Notice = { kind: 'payment_pending', amountMsat: '5000000', feeCeilingMsat: '9000', sinceMs: 1 };

export type Telling = Awaited<ReturnType<typeof openTelling>>;

export async function openTelling() {
  const shared: Ground = await ground();
  const instance: Instance = await shared.start();
  const { world, bots } = instance;

  async function newPerson(names: readonly string[] = ['satfleet1_bot']) {
    const phone = shared.telegram.person({ first_name: 'Asha', language_code: 'en' });
    let person: Awaited<ReturnType<typeof openOrFind>> | undefined;
    for (const bot of names) {
      phone.say('hello', { bot });
      const who = { channel: 'telegram', externalId: String(phone.id), name: 'Asha', languageCode: 'en' };
      person = await openOrFind(world, { ...who, bot, chatId: String(phone.id) });
    }
    if (!person) throw new Error('no person');
    return { phone, person };
  }

  async function tell(userId: string, notice: Notice, subjectId = world.ids.next()) {
    const id = world.ids.next();
    await insertNotice(world.db, { id, userId, subjectId, notice, nowMs: world.clock.nowMs() });
    return { id, subjectId };
  }

  type Phone = Awaited<ReturnType<typeof newPerson>>['phone'];
  return {
    shared,
    instance,
    newPerson,
    tell,
    run: (id: string, of = world) => deliver(of, id, { telegram: telegramChannel(bots) }),
    stateOf: async (id: string) => (await findNotice(world.db, id))?.state,
    seenBy: (phone: Phone, bot = 'satfleet1_bot') => phone.transcript({ bot }).filter(({ from }) => from === 'bot'),
  };
}
