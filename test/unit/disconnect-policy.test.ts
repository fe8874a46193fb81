import { expect } from 'chai';
import {
  type Age,
  type DisconnectOptions,
  expired,
  graceForResponses,
  graceForSession,
} from '../../src/session/disconnect-policy.js';

const options: DisconnectOptions = {
  disconnectGraceMs: 30_000,
  resumeGraceMs: 5_000,
  sessionIdleMs: 1_800_000,
  sessionMaxAgeMs: undefined,
};

describe('What follows when a stream closes before its response', () => {
  it('cancels at once what nobody can resume', () => {
    expect(graceForResponses({ resumable: false, pauseMs: 0 }, options)).to.equal(0);
    expect(graceForResponses({ resumable: false, pauseMs: 1_000 }, options)).to.equal(0);
  });

  it('gives what can be resumed the resume-grace', () => {
    expect(graceForResponses({ resumable: true, pauseMs: 0 }, options)).to.equal(5_000);
  });

  it('gives a client that was told to wait before it comes back that much more', () => {
    expect(graceForResponses({ resumable: true, pauseMs: 1_000 }, options)).to.equal(6_000);
  });

  it('cancels at once with a resume-grace of 0', () => {
    const impatient = { ...options, resumeGraceMs: 0 };
    expect(graceForResponses({ resumable: true, pauseMs: 0 }, impatient)).to.equal(0);
  });
});

describe('What follows when a session has no connection left', () => {
  it('gives a session whose client has listened the disconnect-grace', () => {
    expect(graceForSession({ connections: 0, listened: true }, options)).to.equal(30_000);
  });

  it('leaves a session that never had one to its idle time', () => {
    expect(graceForSession({ connections: 0, listened: false }, options)).to.equal(undefined);
  });

  it('does nothing while any connection is left', () => {
    expect(graceForSession({ connections: 1, listened: true }, options)).to.equal(undefined);
  });

  it('ends the session at once with a disconnect-grace of 0', () => {
    const impatient = { ...options, disconnectGraceMs: 0 };
    expect(graceForSession({ connections: 0, listened: true }, impatient)).to.equal(0);
  });
});

describe('When a session has outlived its time', () => {
  const short: DisconnectOptions = { ...options, sessionIdleMs: 15_000 };
  const old: DisconnectOptions = { ...short, sessionMaxAgeMs: 100_000 };
  const absent: Age = {
    nowMs: 0,
    startedMs: 0,
    lastActiveMs: 0,
    connections: 0,
    requestsInFlight: 0,
    used: true,
  };

  const cases: [what: string, age: Partial<Age>, by: DisconnectOptions, reason: string | undefined][] = [
    ['just short of session-idle', { nowMs: 14_999 }, short, undefined],
    ['at session-idle', { nowMs: 15_000 }, short, 'idle'],
    ['active a moment ago', { nowMs: 90_000, lastActiveMs: 80_000 }, short, undefined],
    ['with an open stream', { nowMs: 90_000, connections: 1 }, short, undefined],
    ['with a request in flight', { nowMs: 90_000, requestsInFlight: 1 }, short, undefined],
    ['never used, just short of a fifteenth of session-idle', { nowMs: 999, used: false }, short, undefined],
    ['never used, at a fifteenth of session-idle', { nowMs: 1_000, used: false }, short, 'unused'],
    ['never used, with an open stream', { nowMs: 90_000, used: false, connections: 1 }, short, undefined],
    ['just short of session-max-age', { nowMs: 99_999, connections: 1 }, old, undefined],
    ['at session-max-age, with an open stream', { nowMs: 100_000, connections: 1 }, old, 'max_age'],
    ['at session-max-age, with a request in flight', { nowMs: 100_000, requestsInFlight: 1 }, old, 'max_age'],
    ['of any age without a session-max-age', { nowMs: 1e9, lastActiveMs: 1e9 }, short, undefined],
  ];
  for (const [what, age, by, reason] of cases) {
    it(`${what}: ${reason ?? 'it lives on'}`, () =>
      expect(expired({ ...absent, ...age }, by)).to.equal(reason));
  }
});
