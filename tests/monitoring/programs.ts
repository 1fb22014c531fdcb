// The programs of Debian's prometheus and prometheus-alertmanager packages, where they are on this machine. Without them
// the tests that ask them are left out, and vitest's summary counts them as skipped.
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export type Program = 'prometheus' | 'promtool' | 'amtool' | 'prometheus-alertmanager' | 'alertmanager';

/** Where it is, or undefined. */
export function onPath(program: Program): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** What it says, on whichever of its two outputs, and whether it ended well. */
export async function ask(program: Program, ...args: string[]): Promise<{ ok: boolean; said: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args);
    return { ok: true, said: `${stdout}${stderr}` };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { ok: false, said: `${stdout}${stderr}` };
  }
}
