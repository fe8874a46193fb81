import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { type Questions, questionsOn } from '../../../src/cli/init/questions.js';
import { optionError } from '../../../src/config/option-error.js';

const parse = (answer: string): number => {
  const number = Number(answer);
  if (Number.isInteger(number)) return number;
  throw optionError(`${answer} is no number.`);
};

describe('A question on a terminal', () => {
  let input: PassThrough;
  let shown: string;
  let questions: Questions;

  beforeEach(() => {
    input = new PassThrough();
    const output = new PassThrough();
    shown = '';
    output.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    questions = questionsOn(input, output);
  });

  afterEach(() => questions.close());

  it('takes the answer', async () => {
    input.write(' 3 \n');
    expect(await questions.ask('How many', '1', parse)).to.equal(3);
    expect(shown).to.equal('How many (1): ');
  });

  it('takes the suggestion for an empty answer', async () => {
    input.write('\n');
    expect(await questions.ask('How many', '1', parse)).to.equal(1);
  });

  it('takes the answers of an input that has ended', async () => {
    input.end('2\n3\n');
    await once(input, 'close');
    expect(await questions.ask('First', '1', parse)).to.equal(2);
    expect(await questions.ask('Second', '1', parse)).to.equal(3);
    expect(shown).to.equal('First (1): Second (1): ');
  });

  it('is asked again, with the reason, until the answer will do', async () => {
    const answer = questions.ask('How many', '1', parse);
    input.write('many\n');
    input.write('2\n');
    expect(await answer).to.equal(2);
    expect(shown).to.equal('How many (1): many is no number.\nHow many (1): ');
  });

  it('fails if the input ends first', async () => {
    const answer = questions.ask('How many', '1', parse);
    input.end();
    const failure = await answer.catch((error: unknown) => error);
    expect(failure).to.have.property('message', 'There was no answer, so nothing is created.');
  });

  it('fails if the input has ended already', async () => {
    input.end();
    for (const question of ['First', 'Second']) {
      const failure = await questions.ask(question, '1', parse).catch((error: unknown) => error);
      expect(failure).to.have.property('name', 'CommandFailure');
    }
  });

  it('passes on what is no refusal of the answer', async () => {
    input.write('3\n');
    const broken = new TypeError('broken');
    const failure = await questions
      .ask('How many', '1', () => {
        throw broken;
      })
      .catch((error: unknown) => error);
    expect(failure).to.equal(broken);
  });
});
