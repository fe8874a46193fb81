import { expect } from 'chai';
import { Answers } from '../../../src/cli/questions/answers.js';
import { INPUT_REQUEST, parseInputs } from '../../../src/cli/questions/input-requests.js';
import type { Terminal } from '../../../src/cli/questions/terminal.js';

interface Script extends Terminal {
  /** What was written and asked, in order. */
  readonly seen: string[];
  readonly words: (readonly string[])[];
}

/** A terminal at which these lines are typed; after them, Ctrl-D. */
function typing(...lines: string[]): Script {
  const seen: string[] = [];
  const words: (readonly string[])[] = [];
  return {
    seen,
    words,
    write: (text) => void seen.push(text),
    ask: async (question, choices) => {
      seen.push(question);
      words.push(choices);
      return lines.shift();
    },
  };
}

const signal = new AbortController().signal;
const answer = (terminal: Terminal, method: string, params: object) =>
  new Answers(parseInputs([]), terminal).answer('key', INPUT_REQUEST.parse({ method, params }), signal);

function form(terminal: Terminal, properties: object, required: string[] = []) {
  const requestedSchema = { type: 'object', properties, required };
  return answer(terminal, 'elicitation/create', { mode: 'form', message: 'Who?', requestedSchema });
}

function accepted(content: object) {
  return { kind: 'result', result: { action: 'accept', content } };
}

describe('A person who is asked by a form', () => {
  it('gives each field by its type', async () => {
    const terminal = typing('', 'Ada', '36', '1.5', 'no');
    const fields = {
      name: { type: 'string' },
      age: { type: 'integer' },
      height: { type: 'number' },
      sure: { type: 'boolean' },
    };
    expect(await form(terminal, fields, ['name'])).to.deep.equal(
      accepted({ name: 'Ada', age: 36, height: 1.5, sure: false }),
    );
    expect(terminal.seen).to.deep.equal([
      'The server asks: Who?',
      'Answer it? [y]es, [d]ecline, [c]ancel (yes):',
      'name (string):',
      'age (integer, optional):',
      'height (number, optional):',
      'sure (boolean, optional):',
    ]);
  });

  it('takes defaults and leaves out what is optional with Enter', async () => {
    const fields = { colour: { type: 'string', default: 'red' }, note: { type: 'string' } };
    expect(await form(typing('y', '', ''), fields, ['colour'])).to.deep.equal(accepted({ colour: 'red' }));
  });

  it('is asked again until the line is right', async () => {
    const terminal = typing('y', '', 'x', '200', '20', 'maybe', 'y', 'nobody', 'a@b.example');
    const fields = {
      age: { type: 'integer', minimum: 0, maximum: 150 },
      sure: { type: 'boolean' },
      mail: { type: 'string', format: 'email' },
    };
    expect(await form(terminal, fields, ['age', 'sure', 'mail'])).to.deep.equal(
      accepted({ age: 20, sure: true, mail: 'a@b.example' }),
    );
    expect(terminal.seen.filter((line) => line.includes(' must '))).to.have.length(5);
    expect(terminal.seen).to.include('age (integer, 0 to 150):');
    expect(terminal.seen).to.include('age must be a number.');
    expect(terminal.seen).to.include('sure must be yes or no.');
  });

  it('chooses by number, title or value, and several with commas', async () => {
    const terminal = typing('y', '2', 'Blue sky', 'a, 3');
    const fields = {
      size: { type: 'string', enum: ['s', 'm', 'l'] },
      colour: { type: 'string', oneOf: [{ const: 'b', title: 'Blue sky' }] },
      parts: { type: 'array', items: { type: 'string', enum: ['a', 'b', 'c'] } },
    };
    expect(await form(terminal, fields)).to.deep.equal(
      accepted({ size: 'm', colour: 'b', parts: ['a', 'c'] }),
    );
    expect(terminal.seen).to.include('  1. b: Blue sky');
    expect(terminal.words[1]).to.deep.equal(['s', 'm', 'l']);
  });

  it('is asked again for a choice that there is not', async () => {
    const terminal = typing('y', 'xl', 's');
    const fields = { size: { type: 'string', enum: ['s', 'm'] } };
    expect(await form(terminal, fields)).to.deep.equal(accepted({ size: 's' }));
  });

  it('declines, or cancels, also with Ctrl-D in the middle', async () => {
    const fields = { name: { type: 'string' } };
    expect(await form(typing('d'), fields)).to.deep.equal({ kind: 'result', result: { action: 'decline' } });
    const cancelled = { kind: 'result', result: { action: 'cancel' } };
    for (const lines of [['c'], [], ['y']]) {
      expect(await form(typing(...lines), fields)).to.deep.equal(cancelled);
    }
  });

  it('never runs a pattern of the server, which could take forever', async () => {
    const fields = { name: { type: 'string', pattern: '^(a+)+$' } };
    const line = `${'a'.repeat(60)}!`;
    expect(await form(typing('y', line), fields)).to.deep.equal(accepted({ name: line }));
  });
});

describe('A person who is asked for something else', () => {
  it('agrees to open an address that is shown', async () => {
    const terminal = typing('yes');
    const params = { mode: 'url', message: 'Sign in', url: 'https://id.example/' };
    expect(await answer(terminal, 'elicitation/create', params)).to.deep.equal({
      kind: 'result',
      result: { action: 'accept' },
    });
    expect(terminal.seen[0]).to.include('https://id.example/');
  });

  it('speaks for the model, or declines to', async () => {
    const params = { messages: [{ role: 'user', content: { type: 'text', text: 'Why?' } }], maxTokens: 5 };
    const terminal = typing('', 'Because');
    const spoken = await answer(terminal, 'sampling/createMessage', params);
    expect(spoken).to.have.nested.property('result.content.text', 'Because');
    expect(terminal.seen).to.include('  user: Why?');
    expect(await answer(typing('d'), 'sampling/createMessage', params)).to.deep.equal({ kind: 'declined' });
  });

  it('names roots', async () => {
    expect(await answer(typing('file:///a  file:///b'), 'roots/list', {})).to.deep.equal({
      kind: 'result',
      result: { roots: [{ uri: 'file:///a' }, { uri: 'file:///b' }] },
    });
  });
});

describe('Answers', () => {
  it('of flags come before a person, and those that nothing asked for are known', async () => {
    const answers = new Answers(parseInputs(['a="yes"', 'b="no"']), typing());
    const request = INPUT_REQUEST.parse({ method: 'sampling/createMessage' });
    expect(await answers.answer('a', request, signal)).to.have.nested.property('result.content.text', 'yes');
    expect([...answers.unused]).to.deep.equal(['b']);
  });

  it('are none where nobody is', async () => {
    const answers = new Answers(parseInputs([]), undefined);
    const request = INPUT_REQUEST.parse({ method: 'roots/list' });
    expect(answers.has('a')).to.equal(false);
    expect(await answers.answer('a', request, signal)).to.equal(undefined);
  });

  it('come one at a time, in the order of the questions', async () => {
    const terminal = typing('y', 'first', 'y', 'second');
    const answers = new Answers(parseInputs([]), terminal);
    const request = INPUT_REQUEST.parse({ method: 'sampling/createMessage' });
    const both = await Promise.all(['a', 'b'].map((key) => answers.answer(key, request, signal)));
    expect(both).to.have.nested.property('[0].result.content.text', 'first');
    expect(both).to.have.nested.property('[1].result.content.text', 'second');
  });
});
