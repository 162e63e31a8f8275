import { throughline } from 'throughline/hono';
import { createRoute, type Env } from './route.ts';

export default createRoute(
  throughline((env: Env) => ({
    service: 'bench',
    version: '1',
    environment: 'bench',
    collector: env.SINK,
    key: 'sk_bench',
    propagateTo: [env.ORIGIN],
  })),
);
