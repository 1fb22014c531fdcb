// Variables that commands of an operator read by themselves: each may stand in the environment or, which is better for a
// secret, in a file that NAME_FILE names, as src/base/config.ts has it for bots and workers. Where both are set the file
// counts.
import { readFileSync } from 'node:fs';

/** What it says; undefined when it says nothing. Throws a sentence when its file cannot be read. */
export function variable(name: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { [name]: value, [`${name}_FILE`]: file } = environment;
  if (!file) return value || undefined;
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch {
    throw new Error(`${name}_FILE names ${file}, which cannot be read.`);
  }
}
