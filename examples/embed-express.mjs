/**
 * An Express app that serves MCP below `/tools`, beside its own routes, to whoever has an API key. Start it with
 * `API_KEYS='{"ada":"a-long-secret"}' node examples/embed-express.mjs`.
 */
import { createHash } from 'node:crypto';
import express from 'express';
import { createGateway } from 'mcp-bulkhead';

const digest = (key) => createHash('sha256').update(key).digest('hex');
/** By the digests of their keys: how long the search takes then says nothing about a key. */
const owners = new Map(
  Object.entries(JSON.parse(process.env.API_KEYS ?? '{}')).map(([owner, key]) => [digest(key), owner]),
);

const gateway = await createGateway({
  listen: false,
  serverModule: new URL('greeter.mjs', import.meta.url),
  authenticate(request) {
    const owner = owners.get(digest(request.headers['x-api-key'] ?? ''));
    return owner === undefined
      ? { status: 401, message: 'Send your API key in the header X-API-Key.' }
      : { subject: owner };
  },
});

const app = express();
app.use('/tools', gateway.handler);
// Body parsers come after the gateway, which reads bodies itself.
app.use(express.json());
app.get('/ready', (_request, response) => {
  const reason = gateway.unready();
  response.status(reason === undefined ? 200 : 503).json({ reason });
});
app.get('/metrics', async (request, response) => {
  const { contentType, body } = await gateway.metrics(request.headers.accept);
  response.set('content-type', contentType).send(body);
});

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/tools/mcp`);
});

process.once('SIGTERM', async () => {
  server.close();
  // Calls in flight finish first. Then nothing of the gateway is left, and the process ends.
  await gateway.close();
  server.closeAllConnections();
});
