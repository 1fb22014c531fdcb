// The images that docker-compose.scale.yml names, for an engine that can pull none: stand-ins made of Debian's packages
// and this machine's Node. An image that the engine has is taken as it is, so that real ones are used where they are.
import { copyFileSync, cpSync, existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binariesFolder } from '../../sandbox/lnd/real/binaries.ts';
import { buildRealPrograms } from '../demo/outside.ts';
import { need } from '../needs.ts';
import { ROOT } from '../root.ts';
import type { Engine } from './engine.ts';

// nginx 1.30, PostgreSQL 18 and Prometheus 3.5 come from the one, Redis 7 from the other.
const RELEASES = { new: 'forky', old: 'bookworm' } as const;
type Release = keyof typeof RELEASES;

const BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/** Makes those that are missing. Gives the names of the stand-ins among them. */
export async function makeImages(engine: Engine, folder: string, say: (line: string) => void): Promise<string[]> {
  const have = (await engine.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
  const missing = named().filter((image) => !have.includes(image));
  if (missing.length === 0) return [];
  say(`Making stand-ins for ${missing.join(', ')} (a few minutes) ...`);
  const debootstrap = await need('debootstrap', say);
  const mirror = await mirrorOf(engine);
  const make = (release: Release) => makeBase(engine, { debootstrap, mirror, folder, release });
  await Promise.all(
    (Object.keys(RELEASES) as Release[]).filter((name) => !have.includes(`satfleet/${name}:latest`)).map(make),
  );
  const context = await makeContext(engine, folder, say);
  for (const image of missing) {
    const stage = /([a-z]+):/.exec(image)?.[1] ?? '';
    await engine.docker('build', '--target', stage, '--tag', image, context);
  }
  rmSync(context, { recursive: true });
  return missing;
}

/** All images of the two files but our own. */
function named(): string[] {
  const compose = readFileSync(join(ROOT, 'docker-compose.scale.yml'), 'utf8');
  const docker = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const images = [...compose.matchAll(/^ +image: (\S+:\S+)$/gm), ...docker.matchAll(/^FROM (\S+:\S+)/gm)];
  return [...new Set(images.map((match) => match[1] ?? ''))];
}

// Whence this machine has its own packages.
async function mirrorOf(engine: Engine): Promise<string> {
  const uris = await engine.run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Origin: Debian',
    'Created-By: Packages',
  ]);
  const mirror = uris.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  if (!mirror) throw new Error('The stand-ins are made of Debian packages, and this machine knows no place for them.');
  return mirror;
}

type Base = { debootstrap: string; mirror: string; folder: string; release: Release };

async function makeBase(engine: Engine, { debootstrap, mirror, folder, release }: Base): Promise<void> {
  const root = join(folder, `root-${release}`);
  const suite = RELEASES[release];
  // A release newer than this debootstrap is made as unstable is.
  const scripts = '/usr/share/debootstrap/scripts';
  const script = existsSync(join(scripts, suite)) ? [] : [join(scripts, 'sid')];
  await engine.run(debootstrap, ['--variant=minbase', suite, root, mirror, ...script]);
  // Packages must not start what they bring; a list that is a few weeks old is good enough here.
  writeFileSync(join(root, 'usr', 'sbin', 'policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const raw = `${root}.tar`;
  await engine.run('tar', ['-C', root, '--one-file-system', '-cf', raw, '.']);
  rmSync(root, { recursive: true });
  await engine.docker('import', '--change', 'ENV DEBIAN_FRONTEND=noninteractive', raw, `satfleet/${release}-bare`);
  rmSync(raw);
  const place = join(folder, `base-${release}`);
  cpSync(join(ROOT, 'scripts', 'fleet-test', 'images', 'base'), place, { recursive: true });
  await engine.docker('build', '--build-arg', `BARE=satfleet/${release}-bare`, '--tag', `satfleet/${release}`, place);
}

// What the stages copy: their scripts, Node with npm, LND, and the certificates this machine trusts.
async function makeContext(engine: Engine, folder: string, say: (line: string) => void): Promise<string> {
  await buildRealPrograms(say);
  const context = join(folder, 'images');
  cpSync(join(ROOT, 'scripts', 'fleet-test', 'images'), context, { recursive: true });
  copyFileSync(process.execPath, join(context, 'node'));
  for (const program of ['lnd', 'lncli']) copyFileSync(join(binariesFolder(), program), join(context, program));
  const npm = realpathSync(process.env.npm_execpath ?? (await engine.run('which', ['npm'])));
  cpSync(dirname(dirname(npm)), join(context, 'npm'), { recursive: true });
  const bundle = BUNDLES.find((file) => existsSync(file));
  writeFileSync(join(context, 'authorities.crt'), bundle ? readFileSync(bundle) : '');
  return context;
}
