#!/usr/bin/env node
// The sandbox's Lightning network as a program: keeps its state in a folder, prints one line when it is ready, and can
// be steered over HTTP on loopback (control.ts). It ends at SIGINT or SIGTERM.
// Usage: node main.ts --dir FOLDER [--port PORT] [--nodes PORT,PORT,PORT]
// --port is that of the control interface, --nodes those of alice, bob and carol; any free ones by default.
import { parseArgs } from 'node:util';
import { freePorts } from '../../scripts/process.ts';
import { serveControl } from './control.ts';
import { readyLine } from './lightning-network.ts';
import { startSandboxLightning } from './network.ts';

const { values } = parseArgs({
  options: { dir: { type: 'string' }, port: { type: 'string' }, nodes: { type: 'string' } },
});

try {
  if (!values.dir) throw new Error('name the folder for the state with --dir');
  const [alice, bob, carol] = values.nodes?.split(',').map(Number) ?? (await freePorts(3));
  const port = values.port ? Number(values.port) : ((await freePorts(1))[0] ?? 0);
  if (!alice || !bob || !carol) throw new Error('--nodes takes three ports');
  const network = await startSandboxLightning({ dir: values.dir, ports: { alice, bob, carol } });
  await serveControl(network, port);
  const end = () => network.stop().then(() => process.exit(0));
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  process.stdout.write(`${JSON.stringify({ ...readyLine(network), control: `http://127.0.0.1:${port}` })}\n`);
} catch (error) {
  process.stderr.write(`sandbox lightning: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
