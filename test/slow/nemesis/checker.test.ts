import { expect } from 'chai';
import { judgeExecutions, judgeSession } from './checker.js';
import type { Operation, SessionHistory } from './history.js';

const ANSWERED = { kind: 'answer' } as const;

function operation(given: Partial<Operation> = {}): Operation {
  const token = given.token ?? 's1:1';
  return {
    id: 1,
    tool: 'mark',
    token,
    steps: 0,
    stepsOn: 'post',
    startMs: 0,
    endMs: 10,
    outcome: ANSWERED,
    responses: [{ token }],
    numbers: [],
    ...given,
  };
}

function history(operations: readonly Operation[], given: Partial<SessionHistory> = {}): SessionHistory {
  return { session: 's1', operations, strays: [], streamLost: false, gapMs: undefined, ...given };
}

function faultsOf(operations: readonly Operation[], given?: Partial<SessionHistory>): string[] {
  return judgeSession(history(operations, given)).map(({ fault }) => fault);
}

describe('the checker of histories', () => {
  describe('finds nothing in', () => {
    it('a request with its own answer', () => {
      expect(faultsOf([operation()])).to.deep.equal([]);
    });

    it('a request with an error that says so', () => {
      const outcome = { kind: 'error', reason: 'thread_crash' } as const;
      expect(faultsOf([operation({ outcome, responses: [{ error: 'thread_crash' }] })])).to.deep.equal([]);
    });

    it('a request whose connection closed, and one that its client broke off', () => {
      const closed = operation({ outcome: { kind: 'closed' }, responses: [] });
      const left = operation({ outcome: { kind: 'left' }, responses: [] });
      expect(faultsOf([closed, left])).to.deep.equal([]);
    });

    it('all numbers before an answer, and the first of them before an error', () => {
      const whole = operation({ steps: 3, numbers: [1, 2, 3] });
      const outcome = { kind: 'error', reason: 'cancelled' } as const;
      const part = operation({ steps: 3, numbers: [1, 2], outcome, responses: [{ error: 'cancelled' }] });
      expect(faultsOf([whole, part])).to.deep.equal([]);
    });

    it('a GET stream with a hole whose client was told of it', () => {
      const part = operation({ steps: 3, numbers: [1, 3], stepsOn: 'get' });
      const none = operation({ steps: 3, stepsOn: 'get' });
      expect(faultsOf([part, none], { streamLost: true })).to.deep.equal([]);
      expect(faultsOf([part, none], { gapMs: 5 })).to.deep.equal([]);
    });

    it('side effects that happened once, and that may have happened where there was no answer', () => {
      const closed = operation({ token: 's1:2', outcome: { kind: 'closed' }, responses: [] });
      const unknown = operation({ token: 's1:3', outcome: { kind: 'closed' }, responses: [] });
      const executions = new Map([
        ['s1:1', 1],
        ['s1:2', 1],
      ]);
      expect(judgeExecutions([history([operation(), closed, unknown])], executions, 'mark')).to.deep.equal(
        [],
      );
    });
  });

  describe('calls it wrong', () => {
    it('when a request gets the answer of another', () => {
      expect(faultsOf([operation({ responses: [{ token: 's2:1' }] })])).to.deep.equal(['wrong']);
    });

    it('when a message comes that belongs to nothing that was asked', () => {
      const strays = ['a response with id 77'];
      const [verdict] = judgeSession(history([operation()], { strays }));
      expect(verdict).to.deep.equal({ fault: 'wrong', session: 's1', why: 'a response with id 77' });
    });

    it('when there are more notifications than the tool sent', () => {
      expect(faultsOf([operation({ steps: 2, numbers: [1, 2, 3] })])).to.deep.equal(['wrong']);
    });
  });

  describe('calls it lost', () => {
    it('when a request gets nothing by its deadline', () => {
      const outcome = { kind: 'none', why: 'no answer within 60000 ms' } as const;
      expect(faultsOf([operation({ outcome, responses: [] })])).to.deep.equal(['lost']);
    });

    it('when an answered request has no response', () => {
      expect(faultsOf([operation({ responses: [] })])).to.deep.equal(['lost']);
    });

    it('when the side effect of an answered request never happened', () => {
      const [verdict] = judgeExecutions([history([operation()])], new Map(), 'mark');
      expect(verdict?.fault).to.equal('lost');
    });
  });

  describe('calls it twice', () => {
    it('when one id gets two responses, both of them right', () => {
      const responses = [{ token: 's1:1' }, { token: 's1:1' }];
      expect(faultsOf([operation({ responses })])).to.deep.equal(['twice']);
    });

    it('when an error follows an answer', () => {
      const responses = [{ token: 's1:1' }, { error: 'cancelled' }];
      expect(faultsOf([operation({ responses })])).to.deep.equal(['twice']);
    });

    it('when a notification comes again', () => {
      expect(faultsOf([operation({ steps: 3, numbers: [1, 2, 2, 3] })])).to.deep.equal(['twice']);
      const get = operation({ steps: 2, numbers: [1, 2, 1, 2], stepsOn: 'get' });
      expect(faultsOf([get], { streamLost: true })).to.deep.equal(['twice', 'twice']);
    });

    it('when a side effect happens again, whatever the client heard', () => {
      const closed = operation({ token: 's1:2', outcome: { kind: 'closed' }, responses: [] });
      const executions = new Map([
        ['s1:1', 2],
        ['s1:2', 2],
      ]);
      const verdicts = judgeExecutions([history([operation(), closed])], executions, 'mark');
      expect(verdicts.map(({ fault }) => fault)).to.deep.equal(['twice', 'twice']);
    });
  });

  describe('calls it a gap', () => {
    it('when a notification is missing between others', () => {
      expect(faultsOf([operation({ steps: 3, numbers: [1, 3] })])).to.deep.equal(['gap']);
    });

    it('when the last ones before an answer are missing', () => {
      expect(faultsOf([operation({ steps: 3, numbers: [1, 2] })])).to.deep.equal(['gap']);
    });

    it('when the first ones are missing, also where an error ends the request', () => {
      const outcome = { kind: 'error', reason: 'cancelled' } as const;
      const late = operation({ steps: 3, numbers: [2, 3], outcome, responses: [{ error: 'cancelled' }] });
      expect(faultsOf([late])).to.deep.equal(['gap']);
    });

    it('on the GET stream too, where nobody said that something is gone', () => {
      const get = operation({ steps: 3, numbers: [1, 3], stepsOn: 'get' });
      expect(faultsOf([get])).to.deep.equal(['gap']);
    });

    it('on a GET stream that said so before the request was made', () => {
      const later = operation({ steps: 3, numbers: [1, 3], stepsOn: 'get', startMs: 6 });
      const unfinished = operation({ steps: 3, numbers: [1, 2], stepsOn: 'get', startMs: 7 });
      expect(faultsOf([later, unfinished], { gapMs: 5 })).to.deep.equal(['gap', 'gap']);
    });

    it('in the answer of a request where only the GET stream was said to have lost something', () => {
      expect(
        faultsOf([operation({ steps: 3, numbers: [1, 3] })], { streamLost: true, gapMs: 5 }),
      ).to.deep.equal(['gap']);
    });
  });
});
