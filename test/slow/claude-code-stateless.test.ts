/**
 * The real Claude Code in the stateless era, which it prefers where a server offers it: what it opens, how a call ends that it
 * gives up, what it answers when it is asked, and that it goes on when the gateway was restarted.
 * `CLAUDE_CODE_VERSION` (2.1.332): the version from npm, or `latest`.
 */
import { expect } from 'chai';
import { installedClaudeCode, startClaudeCode } from '../support/claude-code.js';
import { until } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { mcpUrl, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';

const VERSION = process.env.CLAUDE_CODE_VERSION ?? '2.1.332';
const STEP_MS = 60_000;
const CANCEL_GRACE_MS = 300;

describe('Claude Code in the stateless era', function () {
  this.timeout('5m');
  const executable = installedClaudeCode(VERSION);

  it('listens, calls without a session, and its call is killed when it goes away', async () => {
    const gateway = await startGateway({
      serverModule: fixtureModule('affinity'),
      affinity: 'request',
      cancelGrace: `${CANCEL_GRACE_MS}ms`,
    });
    const sessions = collect(gateway.events, 'session-started');
    const exits = collect(gateway.events, 'thread-exited');
    const listens = once(gateway.events, 'stream-opened', ({ kind }) => kind === 'listen', STEP_MS);
    const { model, leave } = await startClaudeCode(executable(), mcpUrl(gateway));
    (await model.next()).call('echo', { text: 'hello' });
    const turn = await model.next();
    expect(JSON.parse(turn.toolResult ?? '')).to.deep.equal({ said: 'hello', principal: 'anonymous' });
    await listens;
    expect(sessions.map(({ context }) => context.era)).to.deep.equal(['stateless']);

    const begins = once(gateway.events, 'request-started', ({ tool }) => tool === 'spin', STEP_MS);
    turn.call('spin');
    await begins;
    await leave();
    await until(() => exits.some(({ cause }) => cause === 'killed'), 'the thread of its call is killed');
    expect(exits.find(({ cause }) => cause === 'killed')?.killMs).to.be.at.most(CANCEL_GRACE_MS + 100);
    await until(() => gateway.snapshot().streams.listen === 0, 'its subscription is gone');
  });

  it('answers a question of a tool in a round trip: without a person, it cancels the form', async () => {
    const gateway = await startGateway({ serverModule: fixtureModule('asking'), affinity: 'request' });
    const unparked = collect(gateway.events, 'call-unparked');
    const { model } = await startClaudeCode(executable(), mcpUrl(gateway));
    (await model.next()).call('hello');
    const turn = await model.next();
    expect(turn.toolResult, 'without a person').to.equal('cancel');
    expect(unparked.map(({ outcome }) => outcome)).to.deep.equal(['resumed']);
    turn.call('roots');
    const last = await model.next();
    expect(last.toolResult, 'its working folder').to.match(/^file:\/\//);
    last.say('Done.');
  });

  it('goes on when the gateway was restarted in between', async () => {
    const first = await startGateway({ serverModule: fixtureModule('affinity'), affinity: 'request' });
    const url = mcpUrl(first);
    const { model } = await startClaudeCode(executable(), url);
    (await model.next()).call('count');
    const turn = await model.next();
    expect(JSON.parse(turn.toolResult ?? '')).to.include({ era: 'stateless' });
    await first.kill();
    const second = await startGateway({
      serverModule: fixtureModule('affinity'),
      affinity: 'request',
      port: Number(url.port),
    });
    await once(second.events, 'stream-opened', ({ kind }) => kind === 'listen', STEP_MS);
    turn.call('count');
    const last = await model.next();
    expect(JSON.parse(last.toolResult ?? '')).to.include({ calls: 1, era: 'stateless' });
    last.say('Done.');
  });
});
