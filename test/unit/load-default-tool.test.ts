import { expect } from 'chai';
import type { ListedTool } from '../../load/mix.js';
import { shellWord } from '../../load/shell-word.js';
import { candidatesOf, refusalText } from '../../src/cli/load/default-tool.js';
import { filledArguments } from '../../src/cli/load/filled-arguments.js';

const OWN_TEXT = '{{session}} {{n}}';
const READS = { readOnlyHint: true };

function tool(name: string, annotations?: ListedTool['annotations'], inputSchema: object = {}): ListedTool {
  return { name, annotations, inputSchema: { type: 'object', ...inputSchema } };
}

/** A schema that needs these properties. */
function needing(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', properties, required: Object.keys(properties) };
}

const FREE = needing({ text: { type: 'string', description: 'Any text.' } });

describe('the tool that a load calls where no mix is given', () => {
  const order = (...tools: ListedTool[]): string[] =>
    candidatesOf(tools, undefined).candidates.map(({ entry }) => entry.tool);

  it('is one that says that it only reads; then one that destroys nothing and may be repeated', () => {
    const harmless = tool('harmless', { destructiveHint: false, idempotentHint: true });
    expect(order(harmless, tool('reads', READS))).to.deep.equal(['reads', 'harmless']);
  });

  it('is none that says nothing of its effects, or too little', () => {
    const tools = [
      tool('silent'),
      tool('writes', { readOnlyHint: false }),
      tool('appends', { destructiveHint: false }),
      tool('deletes', { destructiveHint: true, idempotentHint: true }),
    ];
    expect(order(...tools)).to.deep.equal([]);
    expect(candidatesOf(tools, undefined).refusals).to.deep.equal([
      'silent does not say that it only reads (readOnlyHint)',
      'writes does not say that it only reads (readOnlyHint)',
      'appends does not say that it only reads (readOnlyHint)',
      'deletes says that it may destroy something (destructiveHint)',
    ]);
  });

  it('is none that says that it reaches other machines, and rather one that says that it does not', () => {
    const tools = [
      tool('far', { ...READS, openWorldHint: true }),
      tool('unsaid', READS),
      tool('near', { ...READS, openWorldHint: false }),
    ];
    expect(order(...tools)).to.deep.equal(['near', 'unsaid']);
  });

  it('is rather one that gives its text back, so that answers can be told apart; then one without arguments', () => {
    const filled = needing({ limit: { type: 'integer', minimum: 1 } });
    const tools = [tool('filled', READS, filled), tool('none', READS), tool('echo', READS, FREE)];
    expect(order(...tools)).to.deep.equal(['echo', 'none', 'filled']);
    const [{ entry, reason } = { entry: undefined, reason: undefined }] = candidatesOf(
      tools,
      undefined,
    ).candidates;
    expect(entry).to.deep.equal({ tool: 'echo', arguments: { text: OWN_TEXT }, weight: 1 });
    expect(reason).to.equal('it says that it only reads, and takes a text that differs from call to call');
  });

  it("is session_info of the built-in server, and of no other server's", () => {
    const tools = [tool('environment_info', READS), tool('session_info', READS)];
    const named = (name: string) =>
      candidatesOf(tools, { name, version: '1' }).candidates.map(({ entry }) => entry.tool);
    expect(named('environment')).to.deep.equal(['session_info']);
    expect(named('another')).to.deep.equal(['environment_info', 'session_info']);
    expect(candidatesOf(tools.slice(0, 1), { name: 'environment', version: '1' }).candidates).to.have.length(
      1,
    );
  });
});

describe('the arguments of a tool that nobody has given', () => {
  const filled = (properties: Readonly<Record<string, object>>) => filledArguments(needing(properties));
  const values = (properties: Readonly<Record<string, object>>): unknown => {
    const found = filled(properties);
    return typeof found === 'string' ? `made up: ${found}` : found.arguments;
  };

  it('are none if none is required, whatever is possible', () => {
    const schema = { type: 'object', properties: { path: { type: 'string' } } };
    expect(filledArguments(schema)).to.deep.equal({ arguments: {}, kind: 'none' });
    expect(filledArguments(undefined)).to.deep.equal({ arguments: {}, kind: 'none' });
  });

  it('are what the schema gives: default, listed values, examples, the least number, false, null', () => {
    const properties = {
      mode: { type: 'string', default: 'fast' },
      colour: { enum: ['red', 'green'] },
      kind: { const: 'one' },
      city: { type: 'string', examples: ['Oslo'] },
      limit: { type: 'integer', minimum: 1 },
      loud: { type: 'boolean' },
      parent: { type: ['string', 'null'] },
    };
    expect(filled(properties)).to.deep.equal({
      arguments: {
        mode: 'fast',
        colour: 'red',
        kind: 'one',
        city: 'Oslo',
        limit: 1,
        loud: false,
        parent: null,
      },
      kind: 'from the schema',
    });
  });

  it('are found behind references and alternatives', () => {
    const schema = {
      $defs: { limit: { type: 'integer', minimum: 3 } },
      allOf: [needing({ limit: { $ref: '#/$defs/limit' }, text: { anyOf: [{ type: 'string' }] } })],
    };
    expect(filledArguments(schema)).to.deep.equal({ arguments: { limit: 3, text: OWN_TEXT }, kind: 'text' });
  });

  it('are a text of the call only where any text will do', () => {
    for (const free of [{}, { minLength: 1, maxLength: 64 }, { title: 'Text', description: 'Anything.' }]) {
      expect(values({ text: { type: 'string', ...free } })).to.deep.equal({ text: OWN_TEXT });
    }
    for (const bound of [
      { pattern: '^a' },
      { format: 'uri' },
      { maxLength: 10 },
      { minLength: 100 },
      { contentEncoding: 'base64' },
    ]) {
      expect(values({ text: { type: 'string', ...bound } }), JSON.stringify(bound)).to.equal('made up: text');
    }
  });

  it('are not made up', () => {
    for (const made of [
      { type: 'string' },
      { type: 'number' },
      { type: 'integer', minimum: Number.MIN_SAFE_INTEGER },
      { type: 'array' },
      { type: 'object' },
      {},
    ]) {
      expect(values({ path: made }), JSON.stringify(made)).to.equal('made up: path');
    }
    expect(filledArguments({ required: ['unlisted'] })).to.equal('unlisted');
  });
});

describe('what a load says if it chooses no tool', () => {
  const sentence = (...tools: ListedTool[]): string =>
    refusalText(tools, candidatesOf(tools, undefined).refusals);

  it('is why, and a mix to copy', () => {
    expect(
      sentence(tool('greet', undefined, needing({ name: { type: 'string' }, n: { type: 'number' } }))),
    ).to.equal(
      'The server has no tool that is safe and cheap enough to be called without being asked: ' +
        'greet does not say that it only reads (readOnlyHint). If calls of a tool do no harm, give it, such as ' +
        `--mix '[{"tool":"greet","arguments":{"name":"{{session}} {{n}}","n":1}}]'.`,
    );
  });

  it('suggests no tool that says that it destroys something', () => {
    const text = sentence(tool('format_disk', { destructiveHint: true }));
    expect(text).to.include('"<tool>"').and.not.to.include('"format_disk"');
  });

  it('names five of many', () => {
    const text = sentence(...Array.from({ length: 9 }, (_, index) => tool(`t${index}`)));
    expect(text).to.include('t4 does').and.to.include('; and 4 more. ').and.not.to.include('t5 does');
  });

  it('is that there is nothing, if there is nothing', () => {
    expect(sentence()).to.equal('The server has no tools: there is nothing to call.');
  });

  it('has no word that a shell would read otherwise', () => {
    expect(shellWord('plain-word_1.json')).to.equal('plain-word_1.json');
    expect(shellWord("it's $(date) `date`")).to.equal(`'it'\\''s $(date) \`date\`'`);
    expect(shellWord('')).to.equal("''");
    expect(sentence(tool("a';date;'", undefined))).to.include(`"a'\\'';date;'\\''"`);
  });
});
