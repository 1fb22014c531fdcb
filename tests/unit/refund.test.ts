// The rules for giving back by hand what a node keeps in flight for good: each condition by itself stands against it.
import { expect, test } from 'vitest';
import { firstLookOf, hindrances, hindrancesBetween, STEADY_MS, type StuckEvidence } from '../../src/domain/refund.ts';

const NOW_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const channel = {
  id: '1x1x1',
  isActive: true,
  watchedMs: 30 * MINUTE_MS,
  peerUpMs: 29 * MINUTE_MS,
  carriesIt: false,
};
/** Restarted half an hour ago, an hour after the last try; nothing is wrong with it. */
const CLEAN: StuckEvidence = { lastTryAtMs: NOW_MS - 90 * MINUTE_MS, channels: [channel], closingMsat: 0n };
const given = { expiresAtMs: NOW_MS - 11 * MINUTE_MS, nowMs: NOW_MS };

test('nothing stands against it', () => {
  expect(hindrances(CLEAN, given)).toEqual([]);
});

test.each([
  ['invoice_alive', CLEAN, { ...given, expiresAtMs: NOW_MS - 9 * MINUTE_MS }],
  ['not_restarted', { ...CLEAN, lastTryAtMs: NOW_MS - 30 * MINUTE_MS }, given],
  ['not_restarted', { ...CLEAN, channels: [channel, { ...channel, watchedMs: 91 * MINUTE_MS }] }, given],
  ['channel_away', { ...CLEAN, channels: [channel, { ...channel, isActive: false }] }, given],
  ['channel_away', { ...CLEAN, channels: [] }, given],
  ['channel_closing', { ...CLEAN, closingMsat: 1_000n }, given],
  ['part_under_way', { ...CLEAN, channels: [channel, { ...channel, carriesIt: true }] }, given],
] as const)('%s', (hindrance, look, when) => {
  expect(hindrances(look, when)).toEqual([hindrance]);
});

test('between two looks: time, the same channels, and all of them there without a break', () => {
  const first = firstLookOf(CLEAN, NOW_MS);
  const after = (ms: number, change: Partial<typeof channel> = {}, more: StuckEvidence['channels'] = []) => {
    const later = { ...channel, watchedMs: channel.watchedMs + ms, peerUpMs: channel.peerUpMs + ms, ...change };
    return hindrancesBetween(first, { ...CLEAN, channels: [later, ...more] }, NOW_MS + ms);
  };
  expect(after(STEADY_MS)).toEqual([]);
  expect(after(STEADY_MS - 1)).toEqual(['too_soon']);
  expect(after(STEADY_MS, {}, [{ ...channel, id: '2x2x2' }])).toEqual(['other_channels']);
  expect(after(STEADY_MS, { id: '2x2x2' })).toEqual(['other_channels']);
  expect(after(STEADY_MS, { peerUpMs: channel.peerUpMs + STEADY_MS - 11_000 })).toEqual(['channel_away']);
  // Begun anew in between: it counts from nothing again.
  expect(after(STEADY_MS, { peerUpMs: STEADY_MS })).toEqual(['channel_away']);
});
