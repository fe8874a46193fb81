/** Options of where the gateway listens. */
import { option } from '../option.js';
import { host, integer } from '../option-kinds.js';

export const listenerOptions = {
  /** Address of the MCP listener, by default `127.0.0.1`. */
  host: option(host, { default: '127.0.0.1', help: 'address of the MCP listener' }),
  /** Port of the MCP listener, by default 3000; 0: any free port. */
  port: option(integer(0, 65_535), {
    default: 3000,
    help: 'port of the MCP listener; 0: any free port',
  }),
  /** Address of the admin listener, by default `127.0.0.1`. */
  adminHost: option(host, { default: '127.0.0.1', help: 'address of the admin listener' }),
  /** Port of `/metrics`, `/healthz`, `/readyz` and `/sessions`, by default 9464; 0: any free port. */
  adminPort: option(integer(0, 65_535), {
    default: 9464,
    help: 'port of the admin listener (/metrics, /healthz, /readyz, /sessions); 0: any free port',
  }),
};
