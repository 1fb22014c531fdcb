// Every command of package.json goes through here. It is plain JavaScript that runs on Node 20 with nothing installed:
// it installs the packages where they are missing or old, generates the database client, and then hands over to the
// TypeScript file of the command, run by the Node 24 that came with the packages.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMMANDS = [
  'demo',
  'test',
  'fleet',
  'fleet-test',
  'roll',
  'check',
  'bench',
  'hazards',
  'simulate',
  'chaos',
  'doctor',
  'migrate',
  'adopt',
  'setup',
  'backup',
  'restore',
  'recover',
  'sweep',
  'why',
  'licenses',
];
// These are run by an operator against a deployment, whose variables may stand in .env. The demo and the tests must
// never find a real database or a real bot there.
const READ_DOT_ENV = ['doctor', 'migrate', 'adopt', 'setup', 'backup', 'restore', 'recover', 'sweep', 'why'];

const root = join(fileURLToPath(import.meta.url), '..', '..');
const path = (...parts) => join(root, ...parts);
const node = path('node_modules', '.bin', 'node');
const [command = '', ...args] = process.argv.slice(2);

try {
  const script = path('scripts', `${command}.ts`);
  if (Number(process.versions.node.split('.')[0]) < 20) {
    fail(`Node ${process.versions.node} is too old: install Node 20 or newer, then run this again.`);
  }
  if (!COMMANDS.includes(command)) fail(`There is no command "${command}"; there are: ${COMMANDS.join(', ')}.`);
  if (!existsSync(script)) fail(`The command "${command}" has no script at ${script}.`);
  const installed = await install();
  await generate(installed);
  const reads = READ_DOT_ENV.includes(command) && existsSync(path('.env'));
  const dotEnv = reads ? [`--env-file=${path('.env')}`] : [];
  process.exitCode = await run(node, [...dotEnv, script, ...args]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function fail(sentence) {
  throw new Error(sentence);
}

/** Installs the packages if they are not those of package-lock.json. Gives whether it did. */
async function install() {
  if (packagesAreRight()) return false;
  const env = { ...process.env, PUPPETEER_SKIP_DOWNLOAD: '1', ...noEngine() };
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const stop = showProgress('Installing packages (about half a minute, once)');
  const code = await run(npm[0], [...npm.slice(1), 'ci', '--loglevel=error'], env).finally(stop);
  if (code !== 0) {
    fail(
      `The packages could not be installed: "npm ci" ended with code ${code}, its own words are above. Run this again once the npm registry can be reached.`,
    );
  }
  if (!packagesAreRight()) {
    fail(
      '"npm ci" ended well but brought no Node 24: install scripts may be switched off. Allow them (npm config set ignore-scripts false), then run this again.',
    );
  }
  return true;
}

// npm leaves a list of what it installed; packages for other platforms may be absent from it.
function packagesAreRight() {
  try {
    if (!existsSync(node) || !existsSync(path('node_modules', 'node', 'bin', 'node'))) return false;
    const wanted = JSON.parse(readFileSync(path('package-lock.json'), 'utf8')).packages;
    const present = JSON.parse(readFileSync(path('node_modules', '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(
      ([name, { version, optional }]) =>
        name === '' || (present[name] ? present[name].version === version : optional === true),
    );
  } catch {
    return false;
  }
}

/** Generates the database client if it is missing, older than the schema, or made by other packages. */
async function generate(always) {
  const schema = path('prisma', 'schema.prisma');
  const client = path('src', 'infra', 'db', 'generated', 'client.ts');
  if (!always && existsSync(client) && statSync(client).mtimeMs >= statSync(schema).mtimeMs) return;
  console.log('Generating the database client ...');
  const env = { ...process.env, ...noEngine(), CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };
  const prisma = path('node_modules', 'prisma', 'build', 'index.js');
  const lines = [];
  const code = await run(node, [prisma, 'generate', '--no-hints'], env, (line) => lines.push(line));
  if (code !== 0) fail(`The database client could not be generated from ${schema}:\n${lines.join('')}`);
}

// Prisma would download its schema engine, which nothing here uses; any existing file in its place prevents that.
function noEngine() {
  const nothing = ['/bin/true', '/usr/bin/true'].find((file) => existsSync(file)) ?? process.execPath;
  return { PRISMA_SCHEMA_ENGINE_BINARY: nothing, PRISMA_SKIP_POSTINSTALL_GENERATE: '1' };
}

// npm shows its own progress in a terminal only.
function showProgress(what) {
  console.log(`${what} ...`);
  const started = Date.now();
  const timer = setInterval(() => console.log(`... ${Math.round((Date.now() - started) / 1000)} s`), 10_000);
  return () => clearInterval(timer);
}

/** Runs a program in our place: same terminal, our signals, its exit code. With `keep`, its output goes there. */
function run(file, argv, env = process.env, keep) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, argv, { cwd: root, env, stdio: keep ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', keep);
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    const watch = watchParent(() => child.kill('SIGTERM'));
    const done = () => {
      clearInterval(watch);
      for (const signal of signals) process.off(signal, forward);
    };
    child.once('error', (error) => {
      done();
      reject(
        error.code === 'ENOENT' ? new Error(`"${file}" is not on the PATH; install it, then run this again.`) : error,
      );
    });
    child.once('close', (code, signal) => {
      done();
      resolve(signal ? 128 + (signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 9) : (code ?? 1));
    });
  });
}

// When npm above us is killed by force nobody tells us, but we are handed to another parent.
function watchParent(gone) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event && process.ppid !== parent) gone();
  }, 500);
  watch.unref();
  return watch;
}
