// The version before the newest migration, as a tree of its own beside this one: what still runs while a deploy has already
// changed the database. It is made from the repository's history, and shares the packages that are installed here.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Daemon, Guard } from '../../scripts/process.ts';
import { ROOT } from '../../scripts/root.ts';

const run = promisify(execFile);

export type Version = {
  /** Of its last commit. */
  readonly commit: string;
  /** One of its programs ("src/bot.ts"), started. */
  start(name: string, file: string, env: Readonly<Record<string, string>>): Daemon;
  /** Ends its programs and takes the tree away. */
  end(): Promise<void>;
};

/** Lays the tree out. Throws where there is no history to make it from. */
export async function versionBefore(): Promise<Version> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: ROOT })).stdout.trim();
  const newest = await git('log', '-1', '--format=%H', '--', 'prisma/migrations');
  const commit = await git('rev-parse', `${newest}^`);
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-version-'));
  const guard = new Guard(folder);
  const archive = join(folder, 'tree.tar');
  await git('archive', '--output', archive, commit);
  await run('tar', ['-xf', archive, '-C', folder]);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  // It is generated, and in no commit.
  const generated = join('src', 'infra', 'db', 'generated');
  cpSync(join(ROOT, generated), join(folder, generated), { recursive: true });
  const running: Daemon[] = [];
  return {
    commit,
    start(name, file, env) {
      const logFile = join(folder, `${name}.log`);
      const args = ['--disable-warning=ExperimentalWarning', join(folder, file)];
      const daemon = new Daemon({ name, file: process.execPath, args, logFile, guard, env, cwd: folder });
      daemon.start();
      running.push(daemon);
      return daemon;
    },
    async end() {
      for (const daemon of running) if (daemon.running) await daemon.stop();
      await guard.finish();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
