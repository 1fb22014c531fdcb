// What every processor is given beside its job: the world, and the few things only some of them need.
import type { Channels } from '../../src/channels/channel.ts';
import type { Handler } from '../../src/infra/queue/consumer.ts';
import type { RateSources } from '../../src/infra/rates/sources.ts';
import type { WorkerWorld } from '../../src/world.ts';

export type Tools = {
  readonly world: WorkerWorld;
  readonly channels: Channels;
  readonly sources: RateSources;
};

export type Processor = (tools: Tools, job: Parameters<Handler>[0]) => ReturnType<Handler>;
