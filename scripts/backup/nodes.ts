// The Lightning nodes as the keeper is told of them: the worker's names and addresses, and for each a macaroon that can do
// one thing only, to export the channel backup.
import { readFileSync } from 'node:fs';
import type { NodeConfig } from '../../src/infra/lightning/pool.ts';
import { wanted } from './settings.ts';

/** Throws a sentence for what is missing. */
export function nodesFrom(environment: NodeJS.ProcessEnv): NodeConfig[] {
  const names = wanted(environment, 'LND_NODES', 'the names of the nodes, as for a worker').split(',');
  return names
    .map((name) => name.trim())
    .filter(Boolean)
    .map((name) => {
      const prefix = `LND_${name.toUpperCase()}`;
      const file = (part: string, what: string) => {
        const variable = `${prefix}_${part}_FILE`;
        const path = wanted(environment, variable, what);
        try {
          return readFileSync(path);
        } catch {
          throw new Error(`${variable} names ${path}, which cannot be read.`);
        }
      };
      return {
        name,
        socket: wanted(environment, `${prefix}_SOCKET`, `the gRPC address of the node ${name}`),
        cert: file('CERT', `the tls.cert of ${name}`).toString('utf8'),
        macaroon: file(
          'BACKUP_MACAROON',
          `a macaroon of ${name} for this alone: lncli bakemacaroon uri:/lnrpc.Lightning/ExportAllChannelBackups`,
        ).toString('hex'),
      };
    });
}
