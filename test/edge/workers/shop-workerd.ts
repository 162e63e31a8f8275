import { createShop, type Env } from './shop.ts';

export default createShop((bindings) => bindings as Env);
