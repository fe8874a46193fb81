import { server } from './server.mjs';

const port = process.argv[2];
await server.start(
  port === undefined
    ? { transportType: 'stdio' }
    : { transportType: 'httpStream', httpStream: { host: '127.0.0.1', port: Number(port) } },
);
