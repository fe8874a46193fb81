/** Options of who asks: named tokens, and authorization servers. */
import {
  clientId,
  clientSecret,
  commandLine,
  existingFile,
  issuers,
  publicUrl,
  scopes,
  words,
} from '../auth-kinds.js';
import { option } from '../option.js';
import { token } from '../option-kinds.js';
import { existingFolder } from '../server-kinds.js';

export const authenticationOptions = {
  /** Bearer token that clients must send, unless they have another credential that is accepted; by default they need none. */
  token: option(token, {
    secret: true,
    defaultText: 'none',
    help: 'bearer token that clients must send; set it by variable, because other users of the machine can read flags',
  }),
  /**
   * File with a line for each named token: name, SHA-256, scopes, expiry. `bulkhead token create` writes such lines. Read again
   * when it changes.
   */
  tokensFile: option(existingFile, {
    defaultText: 'none',
    help: 'file of named tokens, a line each, as `bulkhead token create` writes them; read again when it changes',
  }),
  /** Issuers of access tokens that are accepted: authorization servers of OAuth 2.1, as their tokens name them. */
  authIssuer: option(issuers, {
    defaultText: 'none',
    help: 'authorization servers (OAuth 2.1) whose access tokens are accepted, by the URL that their tokens have as iss',
  }),
  /**
   * The URL by which clients reach the gateway, up to the path of an endpoint: `https://mcp.example` for
   * `https://mcp.example/mcp`. By default the address of the listener.
   */
  publicUrl: option(publicUrl, {
    defaultText: "the listener's address",
    help: 'URL by which clients reach the gateway, up to the path of an endpoint, such as https://mcp.example',
  }),
  /** Scopes that a client asks for when it signs in; by default it decides. */
  authScopes: option(scopes, {
    defaultText: 'none',
    help: 'scopes that clients are told to ask for when they sign in',
  }),
  /** Audiences of access tokens that are accepted besides the URL of the endpoint. */
  authAudience: option(words, {
    defaultText: 'none',
    help: 'audiences of access tokens that are accepted besides the URL of the endpoint',
  }),
  /** Claims of access tokens that server modules see in `session.principal.claims`; by default none. */
  authClaims: option(words, {
    defaultText: 'none',
    help: 'claims of access tokens that server modules see in session.principal.claims',
  }),
  /** The gateway's own client id at the authorization server, to ask it about opaque tokens (RFC 7662). */
  authClientId: option(clientId, {
    defaultText: 'none',
    help: "the gateway's client id at the authorization server, to ask it about opaque tokens (RFC 7662)",
  }),
  /** The secret that belongs to it. */
  authClientSecret: option(clientSecret, {
    secret: true,
    defaultText: 'none',
    help: 'the secret of that client; set it by variable, because other users of the machine can read flags',
  }),
  /** Folder of secrets of principals, for `${secret:NAME}` in the `env` of servers. `bulkhead secrets path` names its files. */
  secrets: option(existingFolder, {
    defaultText: 'none',
    help: 'folder of secrets of principals, to which the env of servers may refer',
  }),
  /** Command that prints a secret of a principal, and its arguments; started without a shell, and told by variables whose. */
  secretsCommand: option(commandLine, {
    defaultText: 'none',
    help: 'command that prints a secret of a principal, and its arguments, to which the env of servers may refer',
  }),
};
