/**
 * A Fastify app that serves MCP below `/tools`, and writes the gateway's log lines to its own log. Start it with
 * `node examples/embed-fastify.mjs`.
 */
import Fastify from 'fastify';
import { createGateway } from 'mcp-bulkhead';

const fastify = Fastify({ logger: true });
const gateway = await createGateway({
  listen: false,
  serverModule: new URL('greeter.mjs', import.meta.url),
  logger: fastify.log.child({ part: 'mcp' }),
});

await fastify.register(
  async (tools) => {
    // Here alone, Fastify leaves bodies to the gateway.
    tools.removeAllContentTypeParsers();
    tools.addContentTypeParser('*', (_request, _body, done) => done(null));
    tools.all('/*', (request, reply) => {
      reply.hijack();
      const { raw } = request;
      raw.originalUrl = raw.url;
      raw.url = raw.url.slice(tools.prefix.length);
      gateway.handler(raw, reply.raw);
    });
  },
  { prefix: '/tools' },
);
fastify.get('/ready', (_request, reply) => {
  const reason = gateway.unready();
  return reply.code(reason === undefined ? 200 : 503).send({ reason });
});

// Before Fastify waits for its connections: streams of the gateway end with it.
fastify.addHook('preClose', () => gateway.close());
process.once('SIGTERM', () => fastify.close());

await fastify.listen({ port: Number(process.env.PORT ?? 8080) });
console.log(`http://127.0.0.1:${fastify.server.address().port}/tools/mcp`);
