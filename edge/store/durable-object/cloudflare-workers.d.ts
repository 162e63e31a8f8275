// What we use of workerd's own module; Cloudflare's type package brings the types of a whole platform.
declare module 'cloudflare:workers' {
  export class DurableObject {
    constructor(ctx: never, env: never);
  }
}
