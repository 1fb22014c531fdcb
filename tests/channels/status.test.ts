// The page for everybody: what it says when all is well and when something is not, in both languages, light enough for a
// cheap phone, and nothing in it of anybody or of the inside.
import { afterAll, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { type Status, statusOf } from '../../src/flows/status.ts';
import { createServer } from '../../src/http/server.ts';
import { addStatus, languageOf, pageOf } from '../../src/http/status.ts';
import { beat } from '../../src/infra/redis/instances.ts';
import { keepSendable } from '../../src/infra/redis/sendable.ts';
import type { World } from '../../src/world.ts';
import { ask } from '../support/flow-help.ts';
import { type Ground, ground, type Instance } from './instances.ts';

const GOOD: Status = {
  atMs: Date.UTC(2026, 10, 21, 16, 30),
  rails: { send: 'works', pay: 'works', receive: 'works' },
  rate: { ageMs: 130_000, isOld: false },
  instances: { bots: 3, workers: 2 },
  booksAgree: true,
  incident: undefined,
};

describe('the page', () => {
  test.each(['en', 'sw'] as const)('in %s is small, without script, and whole', (language) => {
    const page = pageOf(GOOD, language);
    expect(Buffer.byteLength(page)).toBeLessThan(15_000);
    expect(page).not.toMatch(/<script|<img|<link|src=|href=|url\(|undefined|\$\{/);
    expect(page).toContain(`<html lang="${language}">`);
    expect(page).toContain('color-scheme:light dark');
    expect(page.match(/<dd class="good">/g)).toHaveLength(7);
  });

  it('says what does not work, and that the money is safe', () => {
    const bad: Status = {
      ...GOOD,
      rails: { send: 'works', pay: 'down', receive: 'paused' },
      rate: { ageMs: 3_600_000, isOld: true },
      booksAgree: false,
      incident: { sinceMs: Date.UTC(2026, 10, 21, 16, 0), untilMs: null },
    };
    const page = pageOf(bad, 'en').replace(/<[^>]+>/g, ' ');
    for (const words of [
      /Something does not work right now/,
      /Pay by Lightning +does not work/,
      /Receive by Lightning +paused by us/,
      /60 min old, too old to rely on/,
      /do not agree, people look at it/,
      /since 2026-11-21 16:00 UTC, being worked on/,
      /your sats stay yours/,
    ]) {
      expect(page).toMatch(words);
    }
    const over = { ...GOOD, incident: { sinceMs: GOOD.atMs - 3_600_000, untilMs: GOOD.atMs - 3_000_000 } };
    expect(pageOf(over, 'sw')).toContain('2026-11-21 15:30 UTC, liliisha baada ya dakika 10');
  });

  it('never says that all is well when it cannot know', () => {
    const blind: Status = {
      atMs: GOOD.atMs,
      rails: { send: 'unknown', pay: 'unknown', receive: 'unknown' },
      rate: undefined,
      instances: undefined,
      booksAgree: undefined,
      incident: undefined,
    };
    for (const [language, words] of [
      ['en', 'We cannot tell right now.'],
      ['sw', 'Hatuwezi kusema kwa sasa.'],
    ] as const) {
      expect(pageOf(blind, language)).toContain(words);
    }
  });

  it('is in Swahili for who asks for it first', () => {
    expect(['sw', 'sw-KE,en;q=0.8', ' SW-TZ', 'en-GB,sw;q=0.5', undefined, 'fr', 'swe'].map(languageOf)).toEqual([
      ...['sw', 'sw', 'sw', 'en', 'en', 'en', 'en'],
    ]);
  });
});

describe('what it tells', () => {
  let shared: Ground;
  let instance: Instance;
  let world: World;

  beforeAll(async () => {
    shared = await ground();
    instance = await shared.start();
    world = instance.world;
  });
  afterAll(() => shared.close());
  beforeEach(async () => {
    await shared.redis.flush();
    await ask(world, "update switches set is_on = true, known = '{}'");
  });

  const now = () => statusOf(world)();
  const aWorkerWithNodes = async (msat = 5_000_000n) => {
    await beat(world.sessions, 'worker-a1b2c3d4', { version: '0.1.0', busyPercent: 3 });
    await keepSendable(world.sessions, msat);
  };

  it('with a worker and a node all rails work; without them only what needs none', async () => {
    await beat(world.sessions, world.instanceId, { version: '0.1.0', busyPercent: 3 });
    expect(await now()).toMatchObject({
      rails: { send: 'works', pay: 'down', receive: 'down' },
      instances: { bots: 1, workers: 0 },
      booksAgree: true,
    });
    await aWorkerWithNodes();
    expect(await now()).toMatchObject({
      rails: { send: 'works', pay: 'works', receive: 'works' },
      instances: { bots: 1, workers: 1 },
    });
    await aWorkerWithNodes(0n);
    expect((await now()).rails).toEqual({ send: 'works', pay: 'down', receive: 'works' });
  });

  it('what admins paused, and a promise that is broken', async () => {
    await aWorkerWithNodes();
    await ask(world, "update switches set is_on = false where name = 'receive'");
    expect((await now()).rails).toEqual({ send: 'works', pay: 'works', receive: 'paused' });
    await ask(world, "update switches set is_on = false, known = '{P7}' where name = 'sending'");
    expect(await now()).toMatchObject({
      rails: { send: 'paused', pay: 'paused', receive: 'paused' },
      booksAgree: false,
    });
  });

  it('the last incident that people may have felt, the one that goes on first', async () => {
    const open = async (severity: string, minutesAgo: number, isOver: boolean) => {
      const startedMs = world.clock.nowMs() - minutesAgo * 60_000;
      const closed = isOver ? "to_timestamp($5::float8 / 1000) + interval '5 minutes'" : 'null';
      const text = `insert into incidents (id, told_id, fingerprint, name, severity, summary, description, runbook, started_at,
        opened_at, closed_at) values ($1, $2, $3, 'Name', $4, '', '', '', to_timestamp($5::float8 / 1000),
        to_timestamp($5::float8 / 1000), ${closed})`;
      await ask(world, text, [world.ids.next(), world.ids.next(), `${severity}${minutesAgo}`, severity, startedMs]);
      return startedMs;
    };
    await open('warning', 1, false);
    expect((await now()).incident).toBeUndefined();
    const past = await open('critical', 90, true);
    expect((await now()).incident).toEqual({ sinceMs: past, untilMs: past + 300_000 });
    const present = await open('emergency', 30, false);
    await open('critical', 10, true);
    expect((await now()).incident).toEqual({ sinceMs: present, untilMs: null });
  });

  it('a crowd costs one look, over the wire nothing of the inside is told, and with all away it still answers', async () => {
    const server = createServer({ log: world.log, ids: world.ids });
    addStatus(server, world);
    const url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
    try {
      await aWorkerWithNodes();
      const asked = vi.spyOn(world.db, 'query');
      const pages = await Promise.all(
        Array.from({ length: 200 }, async () => {
          const answer = await fetch(`${url}/status`, { headers: { 'accept-language': 'sw' } });
          return [answer.status, await answer.text()] as const;
        }),
      );
      const looked = asked.mock.calls.filter(([name]) => name === 'switches.read');
      asked.mockRestore();
      expect(looked).toHaveLength(1);
      expect(new Set(pages.map(([status]) => status))).toEqual(new Set([200]));
      const json = await (await fetch(`${url}/status.json`)).text();
      for (const text of [json, pages[0]?.[1] ?? '']) {
        expect(text).not.toMatch(/127\.0\.0\.1|worker-|bot-|msat|redis|postgres/i);
      }
      expect(JSON.parse(json)).toMatchObject({ rails: { send: 'works' }, booksAgree: true, lastIncident: {} });
      await shared.redis.kill();
      const begun = performance.now();
      await vi.waitFor(async () => {
        const { state, rails } = (await (await fetch(`${url}/status.json`)).json()) as { state: string; rails: object };
        expect([state, rails]).toEqual(['unsure', { send: 'works', pay: 'unknown', receive: 'unknown' }]);
      }, 10_000);
      expect(performance.now() - begun).toBeLessThan(8_000);
      await shared.redis.restart();
    } finally {
      await server.close();
    }
  });
});
