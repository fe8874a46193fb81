/** Options of who may ask. */
import { option } from '../option.js';
import { hosts, onOrOff, origins, token } from '../option-kinds.js';

export const securityOptions = {
  /** Bearer token that clients must send; none without one. */
  token: option(token, {
    secret: true,
    defaultText: 'none',
    help: 'bearer token that clients must send; other users of the machine can read flags, so prefer the variable',
  }),
  /** Allows a host that other machines can reach without a token; by default not. */
  insecure: option(onOrOff, {
    default: false,
    help: 'allow a host that other machines can reach without a token',
  }),
  /**
   * Names that a `Host` header may have, by default the loopback names and `host`; without a port, any is meant.
   * Resolved as a `Host` header has them: lower case, IPv6 in brackets.
   */
  allowedHosts: option(hosts, {
    defaultText: 'loopback names and --host',
    help: 'names that a Host header may have; others get 403',
  }),
  /**
   * What an `Origin` header may have, by default the loopback names: host names as above (any scheme is meant),
   * whole origins such as `https://app.example:8443`, or `null`.
   */
  allowedOrigins: option(origins, {
    defaultText: 'loopback names',
    help: 'names or origins that an Origin header may have; others get 403',
  }),
};
