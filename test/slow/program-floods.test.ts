/** Programs that write much, take much memory, or die often. */
import { expect } from 'chai';
import { once } from '../support/events.js';
import { expectError } from '../support/expectations.js';
import { inProcess, inThread, sessionOf, startCatalogue } from '../support/programs.js';
import { textOf } from '../support/raw-client.js';

const MIB = 1024 * 1024;
/** Many windows of the pipe, and a quarter of the longest line. */
const LONG_MIB = 8;

/** A program behaves the same wherever it runs. */
const PLACES = [
  { place: 'process', program: inProcess, memoryLimit: { processMemoryMb: 200 } },
  { place: 'thread', program: inThread, memoryLimit: { threadMemoryMb: 200 } },
] as const;

for (const { place, program, memoryLimit } of PLACES) {
  const oddSession = async (entry: object = {}) => {
    const gateway = await startCatalogue({ odd: program('odd-server.mjs', [], entry) });
    return { gateway, client: await sessionOf(gateway, 'odd') };
  };

  describe(`a program in a ${place} that dies often, or of its memory`, () => {
    it('more than 3 times within a minute ends the session', async () => {
      const { client } = await oddSession();
      for (let death = 1; death <= 4; death += 1) expectError(await client.call('exit'));
      const response = await client.post({ jsonrpc: '2.0', id: 'next', method: 'ping' });
      expect(response.status).to.equal(404);
    });

    it('when it holds more memory than its limit', async () => {
      const { gateway, client } = await oddSession(memoryLimit);
      const exited = once(gateway.events, 'thread-exited', ({ cause }) => cause === 'out_of_memory');
      const hang = client.call('hang');
      await client.call('hoard', { mib: 300 });
      const lost = await hang;
      expect(lost.error?.message).to.match(/(process|thread)-memory-mb/);
      await exited;
      expect(textOf(await client.call('count'))).to.equal('1');
    });
  });

  describe(`a message of many megabytes from a program in a ${place}`, () => {
    it('holds up nobody else, and what follows it comes after it', async () => {
      const { gateway, client } = await oddSession();
      const neighbour = await sessionOf(gateway, 'odd');
      const long = client.call('long', { mib: LONG_MIB }, { deadlineMs: 60_000 });
      const next = client.call('count');
      let calls = 0;
      let over = false;
      void long.finally(() => {
        over = true;
      });
      while (!over) {
        calls += 1;
        expect(textOf(await neighbour.call('count'))).to.equal(String(calls));
      }
      expect(textOf(await long)).to.have.length(LONG_MIB * MIB);
      expect(textOf(await next)).to.equal('1');
      expect(calls).to.be.above(3);
    }).timeout(90_000);

    it('comes whole if the program exits after it', async () => {
      const { client } = await oddSession();
      const last = await client.call('partial', { mib: LONG_MIB }, { deadlineMs: 60_000 });
      expect(textOf(last)).to.have.length(LONG_MIB * MIB);
    }).timeout(90_000);

    it('is answered with an error for its call where it is longer than any message may be', async () => {
      const { client } = await oddSession();
      expect(textOf(await client.call('long', { mib: 8 })).length).to.equal(8 * MIB);
      const answer = await client.call('long', { mib: 40 });
      expect(answer.error?.message).to.match(/too long/);
      expect(textOf(await client.call('count'))).to.equal('1');
    }).timeout(60_000);
  });

  describe(`a program in a ${place} that floods its stdout`, () => {
    it('is read slowly, so that other sessions are served meanwhile', async () => {
      const { gateway, client } = await oddSession();
      const neighbour = await sessionOf(gateway, 'odd');
      const flood = client.call('flood', { lines: 20_000 }, { deadlineMs: 30_000 });
      let calls = 0;
      let flooding = true;
      void flood.finally(() => {
        flooding = false;
      });
      while (flooding) {
        calls += 1;
        expect(textOf(await neighbour.call('count'))).to.equal(String(calls));
      }
      expect(textOf(await flood)).to.equal('flooded');
      expect(calls).to.be.above(3);
    }).timeout(60_000);
  });
}
