import { expect, test } from 'vitest';
import { CountedRoutes, MAX_ROUTES_PER_SERVICE, MAX_SERVICES, OTHER } from '../../edge/store/counted-routes.ts';

test('routes beyond the limit are counted together, and those that had a row keep it', () => {
  const admitted: string[] = [];
  const counted = new CountedRoutes([], (service, route) => admitted.push(`${service} ${route}`));
  for (let i = 0; i < 2 * MAX_ROUTES_PER_SERVICE; i += 1) counted.place({ service: 'shop', route: `/${i}` });
  expect(admitted.length).toBe(MAX_ROUTES_PER_SERVICE);
  expect(counted.place({ service: 'shop', route: '/0', hour: 7 })).toEqual({ service: 'shop', route: '/0', hour: 7 });
  expect(counted.place({ service: 'shop', route: '/new', hour: 7 })).toEqual({
    service: 'shop',
    route: OTHER,
    hour: 7,
  });
  expect(counted.place({ service: 'blog', route: '/new' })).toEqual({ service: 'blog', route: '/new' });
});

test('services beyond the limit are counted together, and take no routes from the others', () => {
  let admitted = 0;
  const counted = new CountedRoutes([['shop', '/']], () => {
    admitted += 1;
  });
  for (let i = 0; i < 10 * MAX_SERVICES; i += 1) counted.place({ service: `made-up-${i}`, route: '/' });
  expect(admitted).toBe(MAX_SERVICES - 1);
  expect(counted.place({ service: 'one more', route: '/a' })).toEqual({ service: OTHER, route: OTHER });
  expect(counted.place({ service: 'shop', route: '/cart' })).toEqual({ service: 'shop', route: '/cart' });
});

test('what was told apart before is told apart again, and nothing more than the limit', () => {
  const before: [string, string][] = Array.from({ length: MAX_ROUTES_PER_SERVICE }, (_, i) => ['shop', `/${i}`]);
  const counted = new CountedRoutes(before, () => {
    throw new Error('nothing is new');
  });
  expect(counted.place({ service: 'shop', route: '/299' }).route).toBe('/299');
  expect(counted.place({ service: 'shop', route: '/300' }).route).toBe(OTHER);
});
