import { expect } from 'chai';
import { prettyMessage } from '../../../src/telemetry/log/pretty-line.js';
import { wantsColor } from '../../../src/telemetry/log/terminal.js';

const FAILED = {
  level: 40,
  time: '2026-01-02T03:04:05.678Z',
  sessionId: '0123456789abcdef',
  server: 'env',
  client: 'claude-code',
  request: 'r-1',
  method: 'tools/call',
  tool: 'echo',
  reason: 'tool_error',
  durationMs: 12,
  detail: 'no such file',
  msg: 'call failed',
};

describe('a log line for people', () => {
  it('has event, tool, reason, duration and a short session id, then what else is known', () => {
    expect(prettyMessage(FAILED, 'WARN', undefined)).to.equal(
      'call failed  tool=echo  reason=tool_error  12 ms  session=01234567: no such file  server=env client=claude-code',
    );
  });

  it('has the method where there is no tool, seconds for long durations, and quotes around text with spaces', () => {
    const { tool: _tool, detail: _detail, ...rest } = FAILED;
    const line = prettyMessage(
      { ...rest, method: 'prompts/get', durationMs: 12_345, client: 'two words' },
      'WARN',
      undefined,
    );
    expect(line).to.equal(
      'call failed  method=prompts/get  reason=tool_error  12 s  session=01234567  server=env client="two words"',
    );
  });

  it('ends at the width of the terminal, but never cuts the message of a warning', () => {
    const info = prettyMessage({ ...FAILED, level: 30 }, 'INFO', 70);
    expect(`[00:00:00.000] INFO: ${info}`).to.have.length(70);
    expect(info).to.match(/…$/);
    const warning = prettyMessage(FAILED, 'WARN', 40);
    expect(warning).to.match(/no such file$/);
    const cut = prettyMessage(FAILED, 'WARN', 110);
    expect(`[00:00:00.000] WARN: ${cut}`).to.have.length(110);
    expect(cut).to.include('no such file');
    expect(prettyMessage({ ...FAILED, level: 'error' }, 'ERROR', 40)).to.match(/no such file$/);
  });

  it('has further lines of a text below it, and stacks, all indented', () => {
    const line = prettyMessage(
      { level: 40, msg: 'one\ntwo', source: 'stderr', stack: 'Error: no\n    at run (/app/a.mjs:1:2)' },
      'WARN',
      80,
    );
    expect(line.split('\n')).to.deep.equal([
      'stderr: one',
      '    two',
      '    Error: no',
      '        at run (/app/a.mjs:1:2)',
    ]);
  });

  it('has the fields of a module, and its errors with their causes below', () => {
    const fields = {
      file: 'a.txt',
      err: {
        name: 'Error',
        message: 'on top',
        stack: 'Error: on top\n    at run (/app/a.mjs:1:2)',
        cause: { name: 'TypeError', message: 'beneath' },
      },
    };
    expect(
      prettyMessage({ level: 50, msg: 'it failed', fields }, 'ERROR', undefined).split('\n'),
    ).to.deep.equal([
      'it failed  file=a.txt',
      '    err: Error: on top',
      '        at run (/app/a.mjs:1:2)',
      '    caused by: TypeError: beneath',
    ]);
  });
});

describe('colours of the log', () => {
  it('are for terminals, unless NO_COLOR or FORCE_COLOR say otherwise', () => {
    const terminal = {};
    expect(wantsColor({}, terminal)).to.equal(true);
    expect(wantsColor({}, undefined)).to.equal(false);
    expect(wantsColor({ TERM: 'dumb' }, terminal)).to.equal(false);
    expect(wantsColor({ NO_COLOR: '1' }, terminal)).to.equal(false);
    expect(wantsColor({ NO_COLOR: '' }, terminal)).to.equal(true);
    expect(wantsColor({ FORCE_COLOR: '1' }, undefined)).to.equal(true);
    expect(wantsColor({ FORCE_COLOR: '', NO_COLOR: '1' }, undefined)).to.equal(true);
    expect(wantsColor({ FORCE_COLOR: '0' }, terminal)).to.equal(false);
    expect(wantsColor({ FORCE_COLOR: 'false' }, terminal)).to.equal(false);
  });
});
