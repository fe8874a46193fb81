import { expect } from 'chai';
import type { Offer } from '../../../src/cli/client/lists.js';
import { renderPrompt, renderResult } from '../../../src/cli/output/content.js';
import { renderDetails, renderList } from '../../../src/cli/output/listing.js';
import { structureFault } from '../../../src/cli/output/output-schema.js';
import { safeLine, safeText } from '../../../src/cli/output/safe-text.js';

const NOTHING: Offer = { tools: [], resources: [], resourceTemplates: [], prompts: [] };

describe('Text of a server, on a terminal', () => {
  it('keeps breaks and tabs, and shows every other control character', () => {
    expect(safeText('a\tb\nc\r\nd')).to.equal('a\tb\nc\r\nd');
    expect(safeText('\u001b[2J\r\u0007\u009b\u007f\u202e')).to.equal(
      '\\u001b[2J\\u000d\\u0007\\u009b\\u007f\\u202e',
    );
    expect(safeLine('a\nb\u001b]0;title\u0007')).to.equal('a b\\u001b]0;title\\u0007');
  });

  it('stays the same JSON', () => {
    const value = { text: '\u009b1m\u202e\u007f' };
    expect(JSON.parse(safeText(JSON.stringify(value)))).to.deep.equal(value);
  });
});

describe('A result, as text', () => {
  it('names what is not text, with its type, size and address', () => {
    const data = Buffer.from('abc').toString('base64');
    const content = [
      { type: 'text', text: 'here' },
      { type: 'image', mimeType: 'image/png', data },
      { type: 'audio', mimeType: 'audio/wav', data },
      {
        type: 'resource_link',
        uri: 'file:///a',
        name: 'a',
        title: 'A file',
        mimeType: 'text/plain',
        size: 5,
      },
      { type: 'resource', resource: { uri: 'file:///b', mimeType: 'application/zip', blob: data } },
      { type: 'resource', resource: { uri: 'file:///c', text: 'embedded' } },
    ];
    expect(renderResult('tool', { content }).split('\n')).to.deep.equal([
      'here',
      '[image: image/png, 3 bytes]',
      '[audio: audio/wav, 3 bytes]',
      '[resource: file:///a, A file, text/plain, 5 bytes]',
      '[resource: file:///b, application/zip, 3 bytes]',
      'embedded',
    ]);
  });

  it('that is none is an error which says where', () => {
    expect(() => renderResult('tool', { content: [{ type: 'smell' }] })).to.throw(
      'tool failed: its result is not that of a tool (content.0',
    );
    expect(() => renderPrompt('p', { messages: 'none' })).to.throw('(messages); --raw shows it.');
  });

  it('of a prompt has the roles', () => {
    const messages = [
      { role: 'user', content: { type: 'text', text: 'Hello' } },
      { role: 'assistant', content: { type: 'text', text: 'Hi' } },
    ];
    expect(renderPrompt('p', { messages })).to.equal('user: Hello\nassistant: Hi');
  });

  it('is compared with the output schema', async () => {
    const outputSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
    const tool = { name: 'measure', outputSchema };
    expect(await structureFault(tool, { structuredContent: { n: 1 } })).to.equal(undefined);
    expect(await structureFault({ name: 'free' }, {})).to.equal(undefined);
    expect(await structureFault(tool, { structuredContent: { n: 'x' } })).to.match(
      /^The structuredContent of measure is not what its output schema says \(.*number.*\): clients refuse it\.$/,
    );
    expect(await structureFault(tool, {})).to.include('no structuredContent');
    expect(
      await structureFault({ name: 'odd', outputSchema: { type: 'wrong' } }, { structuredContent: 1 }),
    ).to.match(/^The output schema of odd cannot be used: /);
  });
});

describe('A list of what a server offers', () => {
  const offer: Offer = {
    tools: [
      {
        name: 'greet',
        title: 'Greet',
        description: 'Greets somebody.\nPolitely.',
        inputSchema: {
          properties: {
            name: { type: 'string', description: 'Whom' },
            loud: { type: 'boolean', default: false },
          },
          required: ['name'],
        },
        annotations: { readOnlyHint: true, destructiveHint: false },
      },
      { name: 'ping\u001b[31m', description: 'x'.repeat(100) },
    ],
    resources: [{ name: 'notes', uri: 'file:///notes', mimeType: 'text/plain' }],
    resourceTemplates: [{ name: 'by day', uriTemplate: 'file:///{day}' }],
    prompts: [{ name: 'review', arguments: [{ name: 'code', required: true }, { name: 'language' }] }],
  };

  it('has a line for each, cut to the width of the terminal', () => {
    expect(renderList(offer, 50).split('\n')).to.deep.equal([
      'Tools (2)',
      '  greet(name, loud?)  Greet: Greets somebody.',
      `  ping\\u001b[31m()    ${'x'.repeat(27)}…`,
      '',
      'Resources (1)',
      '  file:///notes  notes (text/plain)',
      '',
      'Resource templates (1)',
      '  file:///{day}  by day',
      '',
      'Prompts (1)',
      '  review(code, language?)',
    ]);
  });

  it('says in full what each takes', () => {
    const [tool] = offer.tools;
    expect(
      renderDetails({ ...NOTHING, tools: [tool!] })
        .split('\n')
        .slice(0, 7),
    ).to.deep.equal([
      'greet(name, loud?): Greet',
      '  Greets somebody.',
      '  Politely.',
      '  [read-only, not destructive]',
      '    name  string                            Whom',
      '    loud  boolean, default false, optional',
      '  input schema:',
    ]);
  });

  it('says that there is nothing', () => {
    expect(renderList(NOTHING)).to.equal('It offers nothing: no tools, resources or prompts.');
    expect(renderDetails(NOTHING)).to.equal(renderList(NOTHING));
  });
});
