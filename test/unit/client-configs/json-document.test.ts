import { expect } from 'chai';
import { JsonDocument } from '../../../src/client-configs/json-document.js';
import { JsonTextError } from '../../../src/shared/json-text.js';

const URL = 'http://127.0.0.1:3000/fs/mcp';
const DROP = ['args', 'env'];

function document(text: string): JsonDocument {
  return new JsonDocument(Buffer.from(text));
}

/** The text after its entry at `a` was moved. */
function moved(text: string): string {
  const parsed = document(text);
  return parsed.edited(parsed.editObject(['a'], 'command', { type: 'http', url: URL }, DROP));
}

/** The text after a property was added to the object at `path`. */
function appended(text: string, path: string[] = [], properties: object = { b: 1 }): string {
  const parsed = document(text);
  return parsed.edited(parsed.append(path, { ...properties }));
}

describe('an entry whose properties change', () => {
  it('keeps its other properties, their order and their spelling', () => {
    const before =
      '{"a": {"timeout": 6e4, "command": "npx", "args": [], "alwaysLoad": true,\t"x": "\\u0041"}}';
    const after = `{"a": {"timeout": 6e4, "type": "http", "url": "${URL}", "alwaysLoad": true,\t"x": "\\u0041"}}`;
    expect(moved(before)).to.equal(after);
  });

  it('changes a type where it is, and puts the URL where the command was', () => {
    const before = '{"a":{"type":"stdio","command":"npx","args":["-y"],"env":{}}}';
    expect(moved(before)).to.equal(`{"a":{"type":"http","url":"${URL}"}}`);
  });

  it('has no space between properties where it had none', () => {
    expect(moved('{"a":{"command":"npx","args":[]}}')).to.equal(`{"a":{"type":"http","url":"${URL}"}}`);
  });

  it('has one property a line where it had', () => {
    const before =
      '{\n  "a": {\n    "command": "npx",\n    "args": [\n      "-y"\n    ],\n    "env": {}\n  }\n}\n';
    const after = `{\n  "a": {\n    "type": "http",\n    "url": "${URL}"\n  }\n}\n`;
    expect(moved(before)).to.equal(after);
  });

  it('keeps comments, also those beside what goes', () => {
    const before = [
      '{ // the file',
      '\t"a": {',
      '\t\t"command": "npx", // pinned',
      '\t\t// which folder',
      '\t\t"args": ["."], // this one',
      '\t\t"env": {} /* none */, // yet',
      '\t\t"timeout": 1,',
      '\t},',
      '}',
    ];
    const after = [
      '{ // the file',
      '\t"a": {',
      '\t\t"type": "http",',
      `\t\t"url": "${URL}", // pinned`,
      '\t\t// which folder',
      '\t\t// this one',
      '\t\t /* none */ // yet',
      '\t\t"timeout": 1,',
      '\t},',
      '}',
    ];
    expect(moved(before.join('\n'))).to.equal(after.join('\n'));
  });

  it('has no comma left when the last properties go', () => {
    const before = '{"a": {"command": "npx", /* a */ "args": [], /* b */ "env": {} /* c */}}';
    const after = moved(before);
    expect(after).to.equal(`{"a": {"type": "http", "url": "${URL}" /* a */ /* b */ /* c */}}`);
    expect(document(after).value(['a'])).to.deep.equal(
      Object.assign(Object.create(null), { type: 'http', url: URL }),
    );
  });

  it('keeps a trailing comma where the file has one', () => {
    expect(moved('{"a": {\n  "command": "npx",\n  "env": {},\n}}')).to.equal(
      `{"a": {\n  "type": "http",\n  "url": "${URL}",\n}}`,
    );
  });

  it('keeps a byte order mark and CRLF', () => {
    const before = '\uFEFF{\r\n  "a": {\r\n    "command": "npx",\r\n    "args": []\r\n  }\r\n}\r\n';
    const parsed = document(before);
    const edits = parsed.editObject(['a'], 'command', { type: 'http', url: URL }, DROP);
    expect(parsed.encode(parsed.edited(edits)).toString()).to.equal(
      `\uFEFF{\r\n  "a": {\r\n    "type": "http",\r\n    "url": "${URL}"\r\n  }\r\n}\r\n`,
    );
  });
});

describe('an object that gets a property', () => {
  it('gets it after the last one, in the style of the file', () => {
    expect(appended('{\n\t"a": 1\n}\n')).to.equal('{\n\t"a": 1,\n\t"b": 1\n}\n');
    expect(appended('{"a": 1}')).to.equal('{"a": 1, "b": 1}');
    expect(appended('{"a": 1}', [], { b: { c: 1 } })).to.equal('{"a": 1, "b": {\n  "c": 1\n}}');
    expect(appended('{\r\n    "a": {\r\n        "x": 1\r\n    }\r\n}', ['a'], { b: { c: 1 } })).to.equal(
      '{\r\n    "a": {\r\n        "x": 1,\r\n        "b": {\r\n            "c": 1\r\n        }\r\n    }\r\n}',
    );
  });

  it('leaves the comments of the last one where they are', () => {
    expect(appended('{\n  "a": 1 // one\n  // the end\n}')).to.equal(
      '{\n  "a": 1, // one\n  "b": 1\n  // the end\n}',
    );
    expect(appended('{\n  "a": 1, /* one */ // more\n}')).to.equal(
      '{\n  "a": 1, /* one */ // more\n  "b": 1\n}',
    );
  });

  it('may be empty, or not be there at all', () => {
    expect(appended('{}')).to.equal('{\n  "b": 1\n}');
    expect(appended('{\n  // nothing yet\n}')).to.equal('{\n  // nothing yet\n  "b": 1\n}');
    expect(appended('', [], { b: { c: [1] } })).to.equal('{\n  "b": {\n    "c": [\n      1\n    ]\n  }\n}\n');
  });

  it('gets several at once', () => {
    expect(appended('{\n  "a": 1\n}', [], { b: 1, c: 2 })).to.equal('{\n  "a": 1,\n  "b": 1,\n  "c": 2\n}');
  });
});

describe('a file that is no JSON', () => {
  it('is refused with line and column', () => {
    expect(() => document('{\n  "a": [1 2]\n}')).to.throw(
      JsonTextError,
      'unexpected "2" at line 2, column 11',
    );
    expect(() => document('{"a": 1')).to.throw(JsonTextError, 'the text ends too early');
    expect(() => document('{} {}')).to.throw(JsonTextError, 'line 1, column 4');
  });

  it('is refused when it is not UTF-8', () => {
    expect(() => new JsonDocument(Buffer.from([0x7b, 0xff, 0x7d]))).to.throw(TypeError);
  });

  it('says which keys are ambiguous', () => {
    const parsed = document('{"a": {"x": 1, "x": 2}, "b": {"y": 1}}');
    expect(parsed.isAmbiguous(['a', 'x'])).to.equal(true);
    expect(parsed.isAmbiguous(['b', 'y'])).to.equal(false);
    expect(parsed.value(['a', 'x'])).to.equal(2);
  });
});
