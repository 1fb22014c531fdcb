// Every fault there is: adding one is a line here. One that stands here more than once comes so much more often.
import type { Fault } from './fault.ts';
import { botKilled, nginxKilled, nodeKilled, workerKilled, workerStopped } from './faults/processes.ts';
import {
  connectionsCut,
  postgresCrashed,
  postgresRestarted,
  redisEmptied,
  redisFull,
  redisRestarted,
  slowDisk,
} from './faults/stores.ts';
import {
  clockWrong,
  deliveriesDoubled,
  deliveriesReordered,
  networkCut,
  networkSilent,
} from './faults/surroundings.ts';

export const CATALOGUE: readonly Fault[] = [
  botKilled,
  workerKilled,
  workerStopped,
  nginxKilled,
  nodeKilled,
  redisEmptied,
  redisRestarted,
  redisFull,
  postgresRestarted,
  postgresCrashed,
  connectionsCut,
  slowDisk,
  clockWrong,
  networkCut,
  networkCut,
  networkSilent,
  networkSilent,
  deliveriesDoubled,
  deliveriesReordered,
];
