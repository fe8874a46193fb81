import { expect } from 'chai';
import type { Gateway } from '../support/gateway.js';
import { inProcess, inThread, program, startCatalogue } from '../support/programs.js';
import { answers } from '../support/round-trips.js';
import { continuation, StatelessCaller, textIn } from '../support/stateless-caller.js';

const TOKEN = 'round-trip-token';
const ENTRIES = { process: inProcess, thread: inThread, command: program } as const;

describe('A program that asks its client something, in the stateless era', () => {
  for (const kind of ['process', 'thread', 'command'] as const) {
    describe(`as a ${kind}`, () => {
      let gateway: Gateway | undefined;
      const start = async (
        args: readonly string[] = [],
        sseAfter: string | number = '10s',
      ): Promise<StatelessCaller> => {
        const entry = ENTRIES[kind]('asking-server.mjs', args, { affinity: 'principal' });
        gateway = await startCatalogue({ asking: entry }, { token: TOKEN, sseAfter });
        return new StatelessCaller(new URL('/asking/mcp', gateway.url), { token: TOKEN });
      };

      it('is answered with input_required, and gets the answer with the next request', async () => {
        const client = await start();
        const asked = await client.call('hello', {}, {}, { id: 'first' });
        expect(asked).to.deep.include({ status: 200, id: 'first' });
        const { inputRequests, resultType, _meta } = asked.result;
        expect(resultType).to.equal('input_required');
        expect(inputRequests).to.deep.equal({
          'elicitation-1': {
            method: 'elicitation/create',
            params: {
              message: 'Name?',
              requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
            },
          },
        });
        expect(_meta).to.deep.equal({
          'io.modelcontextprotocol/serverInfo': { name: 'asking-server', version: '1' },
        });
        const reply = await client.call('hello', {}, continuation(asked, answers), { id: 7 });
        expect(reply).to.deep.include({ status: 200, id: 7 });
        expect(textIn(reply)).to.equal('Hello, Ada!');
      });

      it('asks in parallel, and in as many rounds as it needs, with progress for each', async () => {
        const client = await start([], 0);
        expect(textIn((await client.settle('all', {}, answers)).reply)).to.equal('Ada Hi. 1');
        let reply = await client.call('rounds', { count: 3 }, {}, { meta: { progressToken: 0 } });
        const seen = [...reply.notifications];
        for (let round = 1; round <= 3; round += 1) {
          const meta = { progressToken: round };
          reply = await client.call('rounds', { count: 3 }, continuation(reply, answers), { meta });
          seen.push(...reply.notifications);
        }
        expect(textIn(reply)).to.equal('Ada,Ada,Ada');
        const reports = seen.map(({ params: { progressToken, progress } }) => [progressToken, progress]);
        expect(reports).to.deep.equal([
          [0, 1],
          [1, 2],
          [2, 3],
        ]);
      });

      it('keeps the digits of its numbers', async () => {
        const client = await start();
        const reply = await client.call('number');
        expect(reply.text).to.include('"n":9007199254740993');
        expect(reply.result.resultType).to.equal('complete');
      });

      it('may ask and answer more than is read where the lines of all sessions are', async () => {
        const client = await start();
        const asked = await client.call('large');
        const { 'elicitation-1': question } = asked.result.inputRequests as Record<
          string,
          { params: { message: string } }
        >;
        expect(question?.params.message).to.have.lengthOf(600 * 1024);
        const reply = await client.call('large', {}, continuation(asked, answers), { id: 'large' });
        expect(reply.id).to.equal('large');
        expect(reply.result.resultType).to.equal('complete');
        expect(textIn(reply)).to.match(/^Ada y+$/);
      });

      it('may give up, and ping its client', async () => {
        const client = await start();
        const asked = await client.call('give_up');
        const reply = await client.call('give_up', {}, continuation(asked, answers));
        expect(textIn(reply)).to.equal('gave up');
        expect(textIn(await client.call('ping'))).to.equal('{}');
      });

      it('is refused with -32021 where the request has not declared what it asks', async () => {
        const client = await start();
        const { status, error } = await client.call('hello', {}, {}, { capabilities: { roots: {} } });
        expect(status).to.equal(400);
        expect(error).to.deep.include({
          code: -32021,
          data: { requiredCapabilities: { elicitation: { form: {} } } },
        });
        expect(textIn((await client.settle('hello', {}, answers)).reply)).to.equal('Hello, Ada!');
      });

      it('that asks for roots when it starts gets them with the first call, or learns that there are none', async () => {
        const able = await start(['--roots']);
        // In one round or in two, as its lines come.
        const { reply } = await able.settle('hello', {}, answers);
        expect(textIn(reply)).to.equal('Hello, Ada!');
        expect(textIn(await able.call('roots'))).to.equal('file:///work');
        const unable = await start(['--roots']);
        const capabilities = { elicitation: {} };
        await unable.settle('hello', {}, answers, { capabilities });
        expect(textIn(await unable.call('roots', {}, {}, { capabilities }))).to.equal('error -32601');
      });

      it('takes its calls with it when it exits', async () => {
        const client = await start();
        const exited = new Promise((resolve) => gateway?.events.once('thread-exited', resolve));
        const asked = await client.call('hello');
        await client.call('exit');
        await exited;
        const { error } = await client.call('hello', {}, continuation(asked, answers));
        expect(error?.code).to.equal(-32603);
        expect(error?.message).to.match(
          /is gone: its (?:process|thread) ended.*Call anew without requestState/,
        );
      });
    });
  }
});
