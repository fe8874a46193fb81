/** Options of from where the gateway may be used, and how strictly. */
import { option } from '../option.js';
import { hosts, onOrOff, origins, secretKey } from '../option-kinds.js';

export const securityOptions = {
  /** Allows other machines to connect without a token; off by default. */
  insecure: option(onOrOff, {
    default: false,
    help: 'allow other machines to connect without a token',
  }),
  /**
   * Names that a `Host` header may have, by default the loopback names and `host`; without a port, any is meant.
   * Resolved as a `Host` header has them: lower case, IPv6 in brackets.
   */
  allowedHosts: option(hosts, {
    defaultText: 'loopback names and --host',
    help: 'allowed names in the Host header; others get 403',
  }),
  /**
   * What an `Origin` header may have, by default the loopback names: host names as above (any scheme is meant),
   * whole origins such as `https://app.example:8443`, or `null`.
   */
  allowedOrigins: option(origins, {
    defaultText: 'loopback names',
    help: 'allowed names or origins in the Origin header; others get 403',
  }),
  /**
   * Seals the `requestState` of calls that wait for their clients. Gateways that share it tell each other's states from
   * forged ones.
   */
  stateKey: option(secretKey, {
    secret: true,
    defaultText: 'a new one for each start',
    help: 'key that seals the requestState of calls that wait for their clients, the same for all gateways behind one URL',
  }),
  /**
   * Accepts requests of protocol 2026-07-28 whose `MCP-Protocol-Version` header has an older version; off by default, because
   * the protocol forbids it.
   */
  lenientVersionHeader: option(onOrOff, {
    default: false,
    help: 'accept requests of protocol 2026-07-28 that have an older version in their MCP-Protocol-Version header, as some clients send',
  }),
};
