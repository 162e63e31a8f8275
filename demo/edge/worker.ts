import { instrument } from 'throughline/worker';
import { createShopApp } from './app.ts';
import { tracing } from './tracing.ts';

export default instrument(createShopApp(), tracing);
