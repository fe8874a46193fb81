/** What ends the process of a module's session, besides what `integration/module-processes.test.ts` shows. */
import { expect } from 'chai';
import {
  amongNeighbours,
  counted,
  entry,
  expectLonelyProcessDeath,
  perilous,
  perilousAndThreads,
} from '../fixtures/isolation/perilous.js';
import { expectError } from '../support/expectations.js';
import { buildAddOn, hasCompiler } from '../support/native-add-on.js';
import { sessionOf, sharedCatalogue, startCatalogue } from '../support/programs.js';
import type { RawClient } from '../support/raw-client.js';

const GIBIBYTE = 2 ** 30;
const MEBIBYTE = 2 ** 20;
const SMALL_HEAP = { threadHeapMb: 64 };
/** V8 looks many times for something to collect before it gives up, with several threads, which other tests need as well. */
const SLOWLY = { deadlineMs: 60_000 };

describe('what a module does to its process hurts its own session alone, also', () => {
  const shared = sharedCatalogue(perilousAndThreads());

  async function dies(
    call: (client: RawClient) => ReturnType<RawClient['call']>,
    message: RegExp,
    more?: object,
  ) {
    const gateway = more === undefined ? shared() : await startCatalogue(perilousAndThreads(more));
    await expectLonelyProcessDeath(gateway, call, message);
  }

  for (const signal of ['SIGBUS', 'SIGILL', 'SIGKILL']) {
    it(`ended by ${signal}`, () =>
      dies((client) => client.call('signal', { signal }), new RegExp(`it was ended by ${signal}`)));
  }

  it('process.abort', () => dies((client) => client.call('abort'), /it was ended by SIGABRT/));

  it('3 GiB in one piece, outside of the heap', () =>
    dies((client) => client.call('allocate', { bytes: 3 * GIBIBYTE }), /thread-memory-mb/));

  // Of an array of 256 MiB and more, V8 makes a table, which takes many seconds to fill the heap.
  it('128 MiB in one piece, in the heap', () =>
    dies(
      (client) => client.call('fill_heap', { items: (128 * MEBIBYTE) / 8 }, SLOWLY),
      /thread-heap-mb/,
      SMALL_HEAP,
    )).timeout(90_000);

  it('a heap that grows in a loop that does not yield', () =>
    dies((client) => client.call('grow_heap', {}, SLOWLY), /thread-heap-mb/, SMALL_HEAP)).timeout(90_000);

  it('more resident memory than process-memory-mb', () =>
    dies((client) => client.call('touch', { bytes: 400 * MEBIBYTE }), /process-memory-mb/, {
      processMemoryMb: 300,
      threadMemoryMb: 2_048,
    }));

  it('more resident memory in a process that session.spawn started', () =>
    dies((client) => client.call('spawn_hoard', { bytes: 400 * MEBIBYTE }), /process-memory-mb/, {
      processMemoryMb: 300,
    }));

  it('bytes on its pipe that are no frame', async () => {
    for (const hex of [
      'ffffffff0100000000',
      '0000000009000000',
      '0400000002000000007b7b7b7b',
      '01000000020000000061',
    ]) {
      await dies(
        (client) => client.call('write_bytes', { fd: 4, hex: `${hex}ffffffff` }),
        /something that the gateway cannot handle/,
      );
    }
  });
});

describe('a native add-on of a module in a process', () => {
  before('needs a compiler', function () {
    if (!hasCompiler()) this.skip();
  });

  async function withAddOn(
    kind: Parameters<typeof buildAddOn>[0],
    use: (path: string) => Promise<void>,
  ): Promise<void> {
    const { path, remove } = buildAddOn(kind);
    try {
      await use(path);
    } finally {
      remove();
    }
  }

  it('may write where it must not: the process ends, and its session goes on in another', () =>
    withAddOn('crashing', async (path) => {
      const gateway = await startCatalogue(perilousAndThreads({ env: { NATIVE_ADD_ON: path } }));
      const { client, unhurt } = await amongNeighbours(gateway);
      const lost = await client.call('native_crash');
      expectError(lost);
      expect(lost.error?.message).to.match(/it was ended by SIGSEGV/);
      expect(await counted(client)).to.equal('1');
      await unhurt();
    }));

  it('may be one that a process can load only once', () =>
    withAddOn('registers itself', async (path) => {
      const env = { NATIVE_ADD_ON: path };
      const gateway = await startCatalogue({
        processes: perilous({ env }),
        threads: entry('perilous', { env, isolation: 'thread' }),
      });
      for (let session = 1; session <= 2; session += 1)
        expect(await counted(await sessionOf(gateway, 'processes'))).to.equal('1');
      expect(await counted(await sessionOf(gateway, 'threads'))).to.equal('1');
      const second = await sessionOf(gateway, 'threads').then(
        () => 'it started',
        (error: Error) => error.message,
      );
      expect(second).to.match(/did not self-register/);
    }));
});
