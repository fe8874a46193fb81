/**
 * The real Claude Code through a network that drops its connections. It counts streams that break, and at the third
 * ends its session and opens another, unless a JSON-RPC message has come meanwhile: hence the gateway's pings.
 * `CLAUDE_CODE_VERSION` (2.1.332): the version from npm, or `latest`. A fixed one, since what others publish must not fail this.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { installedClaudeCode, startClaudeCode } from '../support/claude-code.js';
import { type DroppingProxy, startDroppingProxy } from '../support/dropping-proxy.js';
import { collect, once } from '../support/events.js';
import { mcpUrl, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';

const VERSION = process.env.CLAUDE_CODE_VERSION ?? '2.1.332';
const STEP_MS = 60_000;
/** The third would be the last if there were no pings. */
const IDLE_DROPS = 7;
const DROPS_IN_CALL = 4;
const PING = /"id":"bulkhead-ping-\d+"/;
const PING_SENT = /"id":"bulkhead-ping-\d+","method":"ping"/;
/** The ping has been read: if its connection breaks within a millisecond, a client drops what it has not read. */
const PING_ANSWERED = /"id":"bulkhead-ping-\d+"(?!,"method")/;
/**
 * The client answers the ping with a POST. If the connection of that POST breaks before this, the client counts to
 * three at once.
 */
const ACCEPTED = /^HTTP\/1\.1 202 /;
/** A ping from the tool on the stream of its call. */
const TOOL_PING_ANSWERED = /"result":\{\}.*"id":\d/;
const PROGRESS = /"method":"notifications\/progress"/;

describe('Claude Code whose connections drop', function () {
  this.timeout('5m');
  const executable = installedClaudeCode(VERSION);

  /** Up to the moment when the session holds a value and has its GET stream. */
  async function conversation(hidden?: RegExp) {
    const gateway = await startGateway({ serverModule: fixtureModule('patient') });
    const sessions = collect(gateway.events, 'session-started');
    const proxy = await startDroppingProxy(mcpUrl(gateway), hidden);
    const listens = once(gateway.events, 'stream-opened', ({ kind }) => kind === 'get', STEP_MS);
    const { model, folder } = await startClaudeCode(executable(), proxy.url);
    (await model.next()).call('keep', { value: 'of the first session' });
    const turn = await model.next();
    expect(turn.toolResult).to.equal('kept');
    await listens;
    return { gateway, sessions, proxy, model, folder, turn };
  }

  it('keeps its session and state through any number of drops, and gets the answer of a call in flight', async () => {
    const { gateway, sessions, proxy, model, folder, turn } = await conversation();
    for (let drops = 0; drops < IDLE_DROPS; drops += 1) await dropAndReturn(proxy, [PING_ANSWERED, ACCEPTED]);

    // The stream of its call: first the event id, without which it cannot resume, then the progress. The client drops
    // what it has not read.
    const hasRead = async (ping: number): Promise<void> => {
      const answered = proxy.passed(TOOL_PING_ANSWERED);
      // Not with a promise: the ping may be answered before that resolves, and the 202 would be missed.
      writeFileSync(join(folder, `ping ${ping}`), '');
      await answered;
      await proxy.passed(ACCEPTED);
    };
    const calls = collect(gateway.events, 'request-started');
    turn.call('wait', { folder });
    await hasRead(0);
    for (let drops = 1; drops <= DROPS_IN_CALL; drops += 1) {
      const progress = proxy.passed(PROGRESS);
      await dropAndReturn(proxy, [PING_ANSWERED, ACCEPTED]);
      await progress;
      await hasRead(drops);
    }
    writeFileSync(join(folder, 'end'), '');
    const waited = await model.next();
    expect(waited.toolResult).to.equal('it may end');
    expect(
      calls.filter(({ tool }) => tool === 'wait'),
      'the call ran once',
    ).to.have.length(1);

    waited.call('kept');
    const last = await model.next();
    expect(last.toolResult).to.equal('of the first session');
    expect(sessions).to.have.length(1);
    last.say('Done.');
  });

  it('opens another session at the third drop where it sees no ping', async () => {
    const { sessions, proxy, model, turn, gateway } = await conversation(PING);
    for (let drops = 0; drops < 2; drops += 1) await dropAndReturn(proxy, [PING_SENT]);
    expect(sessions).to.have.length(1);
    const another = once(gateway.events, 'session-started', () => true, STEP_MS);
    proxy.drop();
    await another;
    turn.call('kept');
    const last = await model.next();
    expect(last.toolResult).to.equal('nothing');
    last.say('Done.');
  });
});

/** @param steps what must pass, one after another, until the client has its GET stream again */
async function dropAndReturn(proxy: DroppingProxy, steps: readonly RegExp[]): Promise<void> {
  const [first = PING_SENT, ...more] = steps;
  const returned = proxy.passed(first);
  proxy.drop();
  await returned;
  for (const step of more) await proxy.passed(step);
}
