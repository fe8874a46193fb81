/** The flags of every command that is an HTTP client: what each of its requests carries besides the protocol's headers. */
export const HEADER_FLAGS = {
  header: {
    argument: '<header>',
    help: 'header for every request, such as "X-Api-Key: secret"; @file: a file with such lines; can be repeated',
  },
  token: {
    argument: '<token>',
    help: 'bearer token; other users of the machine can read flags (env: BULKHEAD_TOKEN)',
  },
  'token-file': { argument: '<file>', help: 'file with the bearer token in its first line' },
} as const;
