/** The output of threads that have gone: clients that never read, and sessions that get one thread after the other. */
import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { textOf } from '../support/raw-client.js';

const MIB = 1024 * 1024;

describe('Clients that do not read, of sessions that sleep and wake', () => {
  const gateway = sharedGateway({ sleepAfter: '50ms', maxThreads: 4, sseAfter: 0 });
  const bytes = 8 * MIB;

  it('hold no more than the budget of all output, whatever each new thread sends', async () => {
    const limitBytes = gateway().snapshot().limits.output_bytes;
    const drops = collect(gateway().events, 'connection-dropped');
    const clients = await Promise.all([1, 2, 3, 4].map(() => connectedClient(gateway())));
    let heldBytes = 0;
    // Each thread gets as much credit as the one before it, while the output of that one still waits.
    while (heldBytes < 2 * limitBytes) {
      for (const client of clients) {
        const slept = once(gateway().events, 'session-sleeps', ({ context }) => {
          return context.sessionId === client.sessionId;
        });
        const answered = once(gateway().events, 'request-finished', ({ tool }) => tool === 'large');
        client.startCall('large', { bytes });
        await answered;
        await slept;
        heldBytes += bytes;
        expect(gateway().snapshot().outputBytes).to.be.at.most(limitBytes);
      }
    }
    expect(drops.map(({ reason }) => reason)).to.include('output_budget');
    const reader = await connectedClient(gateway());
    expect(textOf(await reader.call('echo', { text: 'served' }))).to.equal('served');
  }).timeout(180_000);
});
