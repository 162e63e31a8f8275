import { createShopApp } from './app.ts';

const app = createShopApp();

export default { fetch: app.fetch };
