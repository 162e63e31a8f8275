/** What an editor must and must not let pass; compiled by `npm run check:types`, never run. */
import type { Agent, Options } from '../../src/index.ts';
import { start } from '../../src/index.ts';

const agent: Agent = start({
  key: 'pk_1',
  collector: 'https://collector.example',
  consent: 'minimal',
  ignoreUrls: [/\/health$/, 'https://other.example/'],
  beforeSend: ({ type, name }) => type === 'event' || name !== 'secret',
});
const size: number = agent.trace('compute', () => 42);
const later: Promise<string> = agent.trace('load', async () => 'done', { 'cart.size': size });
void later;
void agent.flush().then(agent.stop);

// @ts-expect-error the key is required
start({ collector: 'https://collector.example' });
// @ts-expect-error a consent mode there is not
start({ key: 'pk_1', consent: 'maybe' });
// @ts-expect-error a ratio is a number
start({ key: 'pk_1', sampleRatio: '0.5' });
// @ts-expect-error an option misspelt
start({ key: 'pk_1', sampleRate: 1 });
// @ts-expect-error the id of a sent span may not be changed
const options: Options = { key: 'pk_1', beforeSend: (outgoing) => (outgoing.name = 'other') };
void options;
