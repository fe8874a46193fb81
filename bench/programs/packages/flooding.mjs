/** An MCP server on stdin and stdout without any package: `echo` answers with its text, `flood` writes what is no message. */
import { createInterface } from 'node:readline';

const LINE = `${'this is no message '.repeat(53)}\n`;
/** So much at a time, and as often as the rate allows. */
const CHUNK = Buffer.from(LINE.repeat(1_000));
const MB = 1e6;

function write(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

/** As fast as it is read, and at most so many MB a second. */
function flood({ seconds, mbPerSecond }) {
  const startMs = performance.now();
  let bytes = 0;
  return new Promise((resolve) => {
    const more = () => {
      const elapsedMs = performance.now() - startMs;
      if (elapsedMs > seconds * 1_000) return resolve(`${Math.round(bytes / MB / seconds)} MB/s`);
      if (bytes > (elapsedMs / 1_000) * mbPerSecond * MB) return setTimeout(more, 1);
      bytes += CHUNK.length;
      if (process.stdout.write(CHUNK)) setImmediate(more);
      else process.stdout.once('drain', more);
    };
    more();
  });
}

const INFO = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'flooding', version: '1.0.0' },
};

async function resultOf({ method, params }) {
  if (method === 'initialize') return INFO;
  if (method === 'tools/list') {
    return { tools: ['echo', 'flood'].map((name) => ({ name, inputSchema: { type: 'object' } })) };
  }
  if (method !== 'tools/call') return {};
  const text = params.name === 'flood' ? await flood(params.arguments) : params.arguments.text;
  return { content: [{ type: 'text', text }] };
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const message = JSON.parse(line);
  if (message.method !== undefined && message.id !== undefined) {
    write({ id: message.id, result: await resultOf(message) });
  }
});
