/** A server in another language than ours: its lines are another serializer's, and must arrive as it wrote them. */
import { expect } from 'chai';
import { type Conversation, converse, type Transcript } from '../../bench/programs/conversation.js';
import { notes } from '../../bench/programs/conversations.js';
import { httpWire } from '../../bench/programs/http-wire.js';
import { ask, call } from '../../bench/programs/script-words.js';
import { stdioWire } from '../../bench/programs/stdio-wire.js';
import { differences } from '../../bench/programs/transcript.js';
import { environmentFor } from '../../src/servers/server-environment.js';
import { fixtureProgram, startCatalogue } from '../support/programs.js';
import type { JsonRpcMessage } from '../support/raw-client.js';

const NOTES = { command: 'python3', args: [fixtureProgram('notes.py')] };

async function inSession(conversation: Conversation, others = 0): Promise<Transcript> {
  const gateway = await startCatalogue({ notes: NOTES });
  return converse(httpWire(new URL('/notes/mcp', gateway.url)), conversation, { others, quietMs: 0 });
}

function answersOf({ exchanges }: Transcript, step: string): JsonRpcMessage[] {
  return exchanges
    .filter((exchange) => exchange.step === step)
    .map(({ answer = '{}' }) => JSON.parse(answer) as JsonRpcMessage);
}

describe('a server in Python', () => {
  it('says the same to the letter as over its own stdin and stdout', async () => {
    const { conversation, volatiles } = notes('');
    const command = { file: NOTES.command, args: NOTES.args, cwd: process.cwd() };
    const env = environmentFor({ env: {}, inheritEnv: [] }, process.env);
    const direct = await converse(stdioWire({ ...command, env }), conversation, { quietMs: 0 });
    const served = await inSession(conversation, direct.others.length);
    expect(differences(direct, served, volatiles)).to.deep.equal([]);
    expect(direct.others).to.have.length.greaterThan(5);
    expect(served.exchanges.some(({ answer }) => answer?.includes('9007199254740993'))).to.equal(true);
  });

  it('has notes of each session alone', async () => {
    const gateway = await startCatalogue({ notes: NOTES });
    const open = httpWire(new URL('/notes/mcp', gateway.url));
    const add = { capabilities: {}, answers: {}, steps: [call('add', { name: 'mine', text: 'secret' })] };
    const read = { ...add, steps: [ask('resources/read', { uri: 'note:///mine' })] };
    const [added] = answersOf(await converse(open, add, { quietMs: 0 }), 'tools/call add');
    expect(added?.result).to.deep.include({ content: [{ type: 'text', text: '2 notes' }] });
    const [missing] = answersOf(await converse(open, read, { quietMs: 0 }), 'resources/read note:///mine');
    expect(missing?.error?.message).to.equal('There is no note mine');
  });
});
