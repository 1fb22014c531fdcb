// Queue `escalation`: brings an alert that nobody takes on to somebody outside.
import { escalate } from '../../src/flows/incidents-escalate.ts';
import type { Processor } from './processor.ts';

export const escalation: Processor = ({ world }, job) => escalate(world, job.id);
