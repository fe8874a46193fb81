import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';

describe('the log on stderr', () => {
  const program = (body: string) => `
    import { createLog } from ${JSON.stringify(new URL('../../src/telemetry/log/log.js', import.meta.url).href)};
    import { GatewayEmitter } from ${JSON.stringify(new URL('../../src/telemetry/events.js', import.meta.url).href)};
    const events = new GatewayEmitter();
    const log = createLog({ events, level: 'info', format: 'json' });
    const say = (message) => events.emit('notice', { level: 'info', message });
    ${body}`;
  const start = (body: string) => {
    return spawn(process.execPath, ['--input-type=module', '-e', program(body)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };

  it('has every line written when it is closed, and leaves stdout alone', async () => {
    const child = start(`
      for (let index = 0; index < 2000; index += 1) say('line ' + index);
      await log.close();
      process.kill(process.pid, 'SIGKILL');`);
    const exit = once(child, 'exit');
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      out += chunk;
    });
    for await (const chunk of child.stderr.setEncoding('utf8')) err += chunk;
    await exit;
    expect(out).to.equal('');
    expect(err.trimEnd().split('\n')).to.have.length(2000);
  });

  it('does not hold the process up when nobody reads, and says how many lines were dropped', async () => {
    const child = start(`
      for (let index = 0; index < 3000; index += 1) say('x'.repeat(1900));
      console.log('still here');
      await log.close();
      console.log('closed');`);
    const exit = once(child, 'exit');
    let out = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      out += chunk;
      if (out.includes('closed')) break;
    }
    expect(out).to.equal('still here\nclosed\n');
    let err = '';
    for await (const chunk of child.stderr.setEncoding('utf8')) err += chunk;
    expect(err).to.match(/\d+ log lines were dropped/);
    await exit;
  });
});
