import { instrument } from 'throughline/cloudflare';
import { createShopApp } from './app.ts';
import { packOrders } from './orders.ts';
import { tracing } from './tracing.ts';

const { fetch } = createShopApp();

export default instrument({ fetch, queue: packOrders }, tracing);
