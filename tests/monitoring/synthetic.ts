// The synthetic user in a test's house, set up as an operator sets it up: its two variables, and the account that it is
// answered in.
import { BOTS } from '../../scripts/rig.ts';
import type { Fleet } from '../support/fleet-house.ts';

const PROBE_CHAT_ID = '9000001';

/** The variables of a process, with those of the synthetic user. */
export async function withProbe(_: string, environment: Record<string, string>): Promise<Record<string, string>> {
  const botId = BOTS[0].token.split(':')[0];
  return { ...environment, PROBE_URL: `${environment.PUBLIC_URL}/telegram/${botId}`, PROBE_CHAT_ID };
}

/** The account has pressed Start. */
export async function prober({ telegram }: Fleet): Promise<void> {
  const phone = telegram.person({ id: Number(PROBE_CHAT_ID), first_name: 'Probe', language_code: 'en' });
  await phone.ask('/start', /./, 20_000);
}
