import { PassThrough, Readable } from 'node:stream';
import { expect } from 'chai';
import { LineReader } from '../../src/shared/line-reader.js';
import { LineWriter } from '../../src/transports/stdio/line-writer.js';
import { type Line, readLines } from '../../src/transports/stdio/read-lines.js';

async function linesOf(chunks: readonly (string | Buffer)[], maxBytes?: number): Promise<Line[]> {
  const stream = Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  );
  const lines: Line[] = [];
  for await (const line of readLines(stream, maxBytes)) lines.push(line);
  return lines;
}

const text = (value: string): Line => ({ kind: 'text', text: value });

describe('Lines that are read', () => {
  it('end with a line feed, with or without a carriage return before it', async () => {
    expect(await linesOf(['{"a":1}\n{"b":2}\r\n{"c":', '3}\r', '\n'])).to.deep.equal([
      text('{"a":1}'),
      text('{"b":2}'),
      text('{"c":3}'),
    ]);
  });

  it('leave out blank ones', async () => {
    expect(await linesOf(['\n\r\n  \n1\n\n'])).to.deep.equal([text('1')]);
  });

  it('can end with the stream', async () => {
    expect(await linesOf(['1\n{"half":'])).to.deep.equal([text('1'), text('{"half":')]);
  });

  it('keep a character whole that comes in two pieces', async () => {
    const bytes = Buffer.from('"é€😀"\n');
    expect(await linesOf([...bytes].map((byte) => Buffer.from([byte])))).to.deep.equal([text('"é€😀"')]);
  });

  it('are reported without their text if they are not UTF-8, and the next one is read', async () => {
    expect(await linesOf([Buffer.from([0x22, 0xff, 0x22, 0x0a]), '2\n'])).to.deep.equal([
      { kind: 'not-utf-8', bytes: 3 },
      text('2'),
    ]);
  });

  it('are discarded if they are too long, and the next one is read', async () => {
    const lines = await linesOf(['x'.repeat(6), 'x'.repeat(6), '\nshort\n', 'y'.repeat(11)], 10);
    expect(lines).to.deep.equal([
      { kind: 'too-long', bytes: 12 },
      text('short'),
      { kind: 'too-long', bytes: 11 },
    ]);
  });

  it('keep their beginning and their end where they are pushed and too long, and their U+FFFD where they are no UTF-8', () => {
    const seen: unknown[] = [];
    const reader = new LineReader(600, {
      onLine: (line, valid) => seen.push([line, valid]),
      onOverlong: (head, tail, bytes) => seen.push([head, tail, bytes]),
    });
    const long = `{"id":1,${'x'.repeat(1_000)},"id":2}`;
    for (const byte of Buffer.from(`${long}\r\nshort\n`)) reader.push(Buffer.from([byte]));
    reader.push(Buffer.from(`${long}\n`));
    reader.push(Buffer.from([0x22, 0xff, 0x22, 0x0d, 0x0a, 0x0a, 0x61]));
    reader.end();
    reader.end();
    const ends = [long.slice(0, 256), long.slice(-255), long.length + 1];
    expect(seen).to.deep.equal([
      ends,
      ['short', true],
      [long.slice(0, 256), long.slice(-256), long.length],
      ['"\ufffd"', false],
      ['a', true],
    ]);
  });

  it('may be as long as the limit, however small the pieces are', async () => {
    const long = 'x'.repeat(300_000);
    const pieces = [...Array(3_000).keys()].map(() => 'x'.repeat(100));
    expect(await linesOf([...pieces, '\n', long, '\n'], 300_000)).to.deep.equal([text(long), text(long)]);
  });

  it('are not read ahead of whoever handles them', async () => {
    const stream = new PassThrough({ highWaterMark: 16 });
    const lines = readLines(stream);
    stream.write('1\n');
    await lines.next();
    let flows = true;
    for (let line = 0; line < 100 && flows; line += 1) flows = stream.write('1234567\n');
    expect(flows).to.equal(false);
    await lines.return(undefined);
  });

  it('end when the stream breaks', async () => {
    const stream = new PassThrough();
    const lines = readLines(stream);
    stream.write('1\n');
    expect((await lines.next()).value).to.deep.equal(text('1'));
    stream.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    expect((await lines.next()).done).to.equal(true);
  });
});

describe('Lines that are written', () => {
  it('are one line each, also for JSON that has line ends between its parts', () => {
    const stream = new PassThrough();
    const writer = new LineWriter(stream);
    writer.write('{\r\n  "a": 1\n}');
    writer.write('2');
    writer.write('"\u2028\u2029"');
    expect(String(stream.read())).to.equal('{   "a": 1 }\n2\n"\\u2028\\u2029"\n');
  });

  it('make their writer wait for a slow reader', async () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    const writer = new LineWriter(stream);
    expect(writer.write('1')).to.equal(true);
    expect(writer.write('1234567890')).to.equal(false);
    const ready = writer.ready();
    stream.resume();
    await ready;
  });

  it('are discarded once nobody reads any more', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const writer = new LineWriter(stream);
    let closed = 0;
    writer.owner = { onDrain: () => {}, onClose: () => (closed += 1) };
    writer.write('waits');
    const ready = writer.ready();
    stream.destroy(Object.assign(new Error('nobody reads'), { code: 'EPIPE' }));
    await ready;
    expect([writer.write('more'), writer.closed, closed]).to.deep.equal([true, true, 1]);
  });
});
