// `npm run demo`: the whole house on this machine, on one page, for whoever sees it for the first time.
import { runHouse } from './demo/house.ts';

await runHouse({ name: 'demo', bots: 2, workers: 1, data: '.data' });
