// `npm run fleet -- --bots N --workers M`: what docker-compose.scale.yml brings up, on a developer's machine and without
// containers: real nginx, real PostgreSQL and Redis, any number of bots and workers as processes of their own, and the page of
// the demo to use them with. Ctrl-C leaves nothing running.
import { runHouse } from './demo/house.ts';

await runHouse({ name: 'fleet', bots: 3, workers: 2, data: '.data/fleet' });
