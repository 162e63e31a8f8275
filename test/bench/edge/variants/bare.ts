import { createRoute } from './route.ts';

export default createRoute();
