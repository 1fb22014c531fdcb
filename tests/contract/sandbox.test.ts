// The sandbox's Lightning network keeps LND's contract.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { startSandboxLightning } from '../../sandbox/lnd/network.ts';
import { contract } from './contract.ts';

const dir = mkdtempSync(join(tmpdir(), 'satfleet-sandbox-lnd-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

contract('the sandbox', () => startSandboxLightning({ dir }), 20_000);
