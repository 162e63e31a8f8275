/** In place of `detect.ts` for bundlers that build for workerd (condition `workerd`), so that no other platform is in the bundle. */
export { cloudflare as runtime } from './cloudflare.ts';
