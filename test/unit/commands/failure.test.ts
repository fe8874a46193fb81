import { expect } from 'chai';
import { CommandFailure, EXIT_FAILED, EXIT_USAGE, reportFailure } from '../../../src/cli/failure.js';
import { BulkheadError } from '../../../src/shared/errors.js';

const CLEAR = '\u001b[2J\u202e';
const SHOWN = '\\u001b[2J\\u202e';

function reported(failure: unknown): { readonly exitCode: number; readonly text: string } {
  const { write } = process.stderr;
  let text = '';
  process.stderr.write = (chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  };
  try {
    return { exitCode: reportFailure(failure), text };
  } finally {
    process.stderr.write = write;
  }
}

describe('A failure of a command', () => {
  it('shows control characters that a server has put into its error', () => {
    const { exitCode, text } = reported(new CommandFailure(`greet failed: MCP error 1: ${CLEAR}.`));
    expect(text).to.equal(`bulkhead: greet failed: MCP error 1: ${SHOWN}.\n`);
    expect(exitCode).to.equal(EXIT_FAILED);
  });

  it('shows them in what a module is blamed for, and in its lines', () => {
    const detail = `1 | ${CLEAR}\r\n\n  | ^`;
    const failure = new BulkheadError('ERR_BULKHEAD_SERVER_MODULE', `It threw ${CLEAR}.`, { detail });
    const { exitCode, text } = reported(failure);
    expect(text).to.equal(`bulkhead: It threw ${SHOWN}.\n\n  1 | ${SHOWN}\n\n    | ^\n\n`);
    expect(exitCode).to.equal(EXIT_FAILED);
  });

  it('of the arguments has an exit code of its own', () => {
    expect(reported(new BulkheadError('ERR_BULKHEAD_OPTION', 'No.')).exitCode).to.equal(EXIT_USAGE);
  });

  it('that nobody has expected has a stack', () => {
    const { exitCode, text } = reported(new TypeError(CLEAR));
    expect(text).to.match(/^bulkhead: unexpected failure: TypeError: \\u001b\[2J\\u202e\n +at /);
    expect(exitCode).to.equal(EXIT_FAILED);
  });
});
