// Where the built lnd and btcd are, and whether they are there. The script `build` beside this file makes them.
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Builds lnd and btcd from source with Go; does nothing when they are there already. */
export const BUILD_SCRIPT = join(import.meta.dirname, 'build');

/** The folder into which `build` puts the programs. */
export function binariesFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'satfleet/lnd-0.20.0');
}

export function areBuilt(folder = binariesFolder()): boolean {
  try {
    for (const program of ['lnd', 'btcd']) accessSync(join(folder, program), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
