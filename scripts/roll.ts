// `npm run roll`: renews all bots and workers of a running compose project, one after the other, each replaced before it
// goes, so that nobody who writes meanwhile notices; after a new image or new variables this is the deploy. Migrations come
// first. Promise: one that does not become ready is taken away again, and the rest stays as it was.
import { execFile } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { type Compose, type Container, openCompose } from './containers.ts';
import { onEnd } from './ending.ts';
import { Fatal, until } from './process.ts';

const USAGE = `npm run roll [-- options]
  --build          builds the image first, from the files beside the compose file
  --file FILE      docker-compose.scale.yml
  --project NAME   the compose project, where it is not named as its folder is`;

const SERVICES = ['bot', 'worker'] as const;
const READY_MS = 180_000;
const LOOK_MS = 500;
/** nginx looks the bots' name up every 5 s, and leaves one that refused, as a new one does at first, alone for 10 s. */
const KNOWN_TO_NGINX_MS = 11_000;
/** As long as a bot takes at most to end what is under way. */
const STOP_S = 30;
const MUCH = 64 * 1024 * 1024;

let isEnding = false;
onEnd(() => {
  isEnding = true;
  console.log('Ending with the one that is being renewed.');
});
try {
  await roll(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
// Whoever waits for Ctrl-C waits no more.
process.exit();

async function roll(args: readonly string[]): Promise<void> {
  const { file, project: named, build } = optionsOf(args);
  const run = async (program: string, all: readonly string[]) => {
    try {
      const { stdout, stderr } = await promisify(execFile)(program, all, { cwd: dirname(file), maxBuffer: MUCH });
      // Why a program did not start stands in what it said as an error.
      return (all[0] === 'logs' ? stdout + stderr : stdout).trim();
    } catch (error) {
      const { stderr = '', message } = error as Error & { stderr?: string };
      throw new Error(`"${program} ${all.join(' ')}" failed: ${stderr.trim() || message}`);
    }
  };
  const stack = await openCompose(run, ['-f', file, ...(named ? ['-p', named] : [])]);
  const project = named ?? (await projectOf(stack));
  const old = await running(stack, project);
  if (build) {
    console.log('Building the image ...');
    await stack.compose('build', ...SERVICES, 'backup');
  }
  console.log('Migrating the database ...');
  await stack.compose('run', '--rm', '--no-deps', '-T', 'database');
  for (const [service, all] of old) {
    for (const [at, each] of all.entries()) {
      if (isEnding) return console.log('Ended early; whoever was not renewed runs on as before.');
      console.log(`${service} ${at + 1} of ${all.length}: ${await renew(stack, each)}`);
    }
  }
  await stack.compose('up', '-d', '--no-deps', 'backup');
  console.log('All are renewed.');
}

function optionsOf(args: readonly string[]): { file: string; project: string | undefined; build: boolean } {
  try {
    const options = { build: { type: 'boolean' }, file: { type: 'string' }, project: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    const file = resolve(values.file ?? 'docker-compose.scale.yml');
    return { file, project: values.project, build: values.build ?? false };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

// As compose itself names it.
async function projectOf({ compose, docker }: Compose): Promise<string> {
  const [id] = (await compose('ps', '-q', SERVICES[0])).split('\n');
  if (!id)
    throw new Error('No bot of this project runs: start it by "docker compose ... up -d", or name it by --project.');
  return docker('inspect', '--format', '{{index .Config.Labels "com.docker.compose.project"}}', id);
}

async function running({ containers }: Compose, project: string): Promise<[string, Container[]][]> {
  const found = SERVICES.map(async (service): Promise<[string, Container[]]> => {
    const all = (await containers(project, service)).filter(({ state }) => state === 'running');
    if (all.length === 0) throw new Error(`No ${service} of ${project} runs, so there is nothing to renew.`);
    return [service, all];
  });
  return Promise.all(found);
}

/** Gives what was done, in a few words. */
async function renew(stack: Compose, old: Container): Promise<string> {
  const { service, project } = old;
  const begunMs = performance.now();
  const fresh = await addOne(stack, old);
  try {
    await until(`the new ${service} becomes ready`, READY_MS, async () => {
      await sleep(LOOK_MS);
      const now = (await stack.containers(project, service)).find(({ id }) => id === fresh.id);
      if (!now || now.restarts > 0 || now.state !== 'running') throw new Fatal(`the new ${service} ended by itself`);
      return now.health === 'healthy';
    });
  } catch (error) {
    const words = await stack.docker('logs', '--tail', '5', fresh.id).catch(() => '');
    await away(stack, fresh);
    throw new Error(`${(error as Error).message}; it was taken away again, and nothing else was touched.\n${words}`);
  }
  const readyS = Math.round((performance.now() - begunMs) / 1_000);
  if (service === 'bot') await sleep(KNOWN_TO_NGINX_MS);
  const stopMs = performance.now();
  await away(stack, old);
  const goneS = ((performance.now() - stopMs) / 1_000).toFixed(1);
  return `${name(fresh)} was ready in ${readyS} s, ${name(old)} has ended in ${goneS} s`;
}

async function addOne({ compose, containers }: Compose, { service, project }: Container): Promise<Container> {
  const before = await containers(project, service);
  const scale = `${service}=${before.length + 1}`;
  await compose('up', '-d', '--no-deps', '--no-recreate', '--scale', scale, service);
  const after = await containers(project, service);
  const fresh = after.find(({ id }) => !before.some((each) => each.id === id));
  if (!fresh) throw new Error(`compose started no further ${service}; nothing was changed.`);
  return fresh;
}

async function away({ docker }: Compose, { id }: Container): Promise<void> {
  await docker('stop', '-t', String(STOP_S), id);
  await docker('rm', id);
}

function name({ id }: Container): string {
  return id.slice(0, 12);
}
