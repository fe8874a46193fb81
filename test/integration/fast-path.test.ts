import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule, joined } from '../support/modules.js';
import { RawClient, type RawResponse, textOf, toolCall } from '../support/raw-client.js';

const RESULTS = [
  ...['plain', 'failed', 'otherOrder', 'annotated', 'stranger', 'image', 'withoutContent', 'empty', 'text'],
  ...['nothing', 'null', 'wrongContent', 'wrongItem', 'wrongFlag', 'circle', 'bigint', 'unknown'],
];
const THROWN = ['error', 'coded', 'text', 'object', 'nothing', 'null'];
const named = (tool: string, names: readonly string[]) => names.map((name) => ({ tool, args: { name } }));

const CALLS: Readonly<
  Record<string, readonly { readonly tool: string; readonly args?: Record<string, unknown> }[]>
> = {
  'what a handler sees of its call': [{ tool: 'members' }, { tool: 'report' }],
  'what a handler gives back': [...named('result', RESULTS), ...named('late', RESULTS)],
  'what a handler throws': [...named('throw', THROWN), ...named('reject', THROWN)],
  'arguments against their schema': [
    { tool: 'result', args: {} },
    { tool: 'result', args: { name: 5 } },
    { tool: 'result', args: { name: 'plain', more: 1 } },
    { tool: 'arguments', args: { count: 2 } },
    { tool: 'arguments', args: { count: 0, word: 'a' } },
  ],
  'structured content against its schema': ['abc', 'wrong', ''].map((value) => ({
    tool: 'output',
    args: { value },
  })),
  'tools that cannot be called': ['disabled', 'unknown', 'toString', '__proto__'].map((tool) => ({ tool })),
};

/** A member that the specification does not define sends a call through the SDK; no handler sees it. */
const DETOUR = { more: 1 };

describe('the fast path', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('both-ways'), fastPath: true });

  it('serves a simple tool call, and no other', async () => {
    const client = await connectedClient(gateway());
    expect(textOf(await (await post(client, 'path')).answer(1))).to.equal('direct');
    expect(textOf(await (await post(client, 'path', {}, DETOUR)).answer(1))).to.equal('protocol layer');
  });

  for (const [what, calls] of Object.entries(CALLS)) {
    it(`answers to the letter as the SDK does: ${what}`, async () => {
      const client = await connectedClient(gateway());
      for (const { tool, args } of calls) {
        for (const meta of [undefined, { progressToken: 'p', 'a.b/c': { d: 1 } }]) {
          const direct = await (await post(client, tool, args, {}, meta)).messageTexts();
          const byProtocol = await (await post(client, tool, args, DETOUR, meta)).messageTexts();
          expect(direct).to.include('"jsonrpc":"2.0"');
          expect(direct, `${tool} ${JSON.stringify(args)}`).to.equal(byProtocol);
        }
      }
    });
  }

  it('answers a call whose result is no JSON, with the reason', async () => {
    const client = await connectedClient(gateway());
    for (const name of ['circle', 'bigint']) {
      const { error } = await client.call('result', { name });
      expect(error?.message).to.match(/^The result cannot be written as JSON: /);
    }
  });

  it('lets a handler ask its client on its own stream, and hands on what the client answers', async () => {
    const client = await connectedClient(gateway(), { capabilities: { roots: {} } });
    const answers = [{ result: { roots: [] } }, { error: { code: -32001, message: 'no' } }, URL_NEEDED];
    for (const answer of answers) {
      const texts: string[] = [];
      for (const detour of [{}, DETOUR]) {
        const response = await post(client, 'ask', {}, detour);
        const asked = await response.stream.message(({ method }) => method === 'roots/list', 'roots/list');
        await client.post({ jsonrpc: '2.0', id: asked.id ?? '', ...answer });
        texts.push(JSON.stringify(await response.answer(1)));
      }
      expect(texts[0]).to.equal(texts[1]);
      if (answer === URL_NEEDED) expect(texts[0]).to.include('"code":-32042');
    }
  });
});

describe('the option fast-path', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('both-ways'), fastPath: false });

  it('has the SDK serve every call where it is off', async () => {
    const client = await connectedClient(gateway());
    for (let call = 0; call < 3; call += 1) {
      expect(textOf(await client.call('path'))).to.equal('protocol layer');
    }
  });

  const SERVED = { on: 'direct', off: 'protocol layer' };
  for (const { flags, variable, served } of [
    { flags: [], variable: 'on', served: SERVED.on },
    { flags: [], variable: 'off', served: SERVED.off },
    { flags: ['--no-fast-path'], variable: 'on', served: SERVED.off },
    { flags: ['--fast-path'], variable: 'off', served: SERVED.on },
  ]) {
    it(`is decided by the flag, else by the variable: BULKHEAD_FAST_PATH=${variable}, ${flags[0] ?? 'no flag'}`, async () => {
      const module = fileURLToPath(joined(fixtureModule('both-ways')));
      const addresses = ['--port', '0', '--admin-port', '0', '--no-bundle'];
      const cli = startCli(['serve', module, ...addresses, ...flags], {
        env: { BULKHEAD_FAST_PATH: variable },
      });
      const [, url = ''] = await cli.printed('stdout', /^MCP server +(http:\S+)$/m);
      const client = new RawClient(new URL(url));
      afterThisTest(() => client.destroy());
      await client.initialize();
      expect(textOf(await client.call('path'))).to.equal(served);
    });
  }
});

/** The one error of a tool that stays a JSON-RPC error (2025-11-25, Elicitation, "URL Elicitation Required Error"). */
const URL_NEEDED = {
  error: {
    code: -32042,
    message: 'go there',
    data: { elicitations: [{ mode: 'url', elicitationId: 'a', url: 'https://example.org/', message: 'm' }] },
  },
};

/** All calls have the same id, one after the other. */
async function post(
  client: RawClient,
  tool: string,
  args: Record<string, unknown> | undefined = undefined,
  more: object = {},
  meta: object | undefined = undefined,
): Promise<RawResponse> {
  const { params, ...message } = toolCall(1, tool, args);
  return client.post({ ...message, params: { ...params, ...(meta && { _meta: meta }), ...more } });
}
