/** Who makes a request over HTTP, from where, and to what. */
import type { ProtectedEndpoint } from './authentication.js';
import type { Principal } from './principal.js';

export interface Visitor {
  readonly principal: Principal;
  /** Its own address: behind trusted proxies, what they say of it. */
  readonly address: string | undefined;
  readonly endpoint: ProtectedEndpoint;
}
