// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested.
import { expect } from 'chai';
import { editorLookup, environmentLookup, expandVariables } from '../../../src/config/servers/variables.js';

describe('Variables in the entry of a server', () => {
  const environment = { NAME: 'value', EMPTY: '', DOLLAR: '$& ${NAME}', BULKHEAD_TOKEN: 'hush' };
  const expanded = (text: string): string => expandVariables(text, environmentLookup(environment)).text;

  const cases: Record<string, string> = {
    '${NAME}': 'value',
    'a${NAME}b${NAME}c': 'avaluebvaluec',
    '${NAME:-default}': 'value',
    '${UNSET:-default}': 'default',
    '${UNSET:-}': '',
    '${UNSET:-/a:b-c}': '/a:b-c',
    '${EMPTY:-default}': '',
    '${UNSET}': '${UNSET}',
    '${DOLLAR}': '$& ${NAME}',
    $NAME: '$NAME',
    '$${NAME}': '$value',
    '${NAME': '${NAME',
    '${}': '${}',
    '${BULKHEAD_TOKEN:-none}': 'none',
    '${bulkhead_token}': '${bulkhead_token}',
    '${__proto__}': '${__proto__}',
  };
  for (const [text, result] of Object.entries(cases)) {
    it(`${text} is ${JSON.stringify(result)}`, () => expect(expanded(text)).to.equal(result));
  }

  it('that are not set stay as they were written, and are told', () => {
    const { text, unknown } = expandVariables('${A} ${NAME} ${B}', environmentLookup(environment));
    expect({ text, unknown }).to.deep.equal({ text: '${A} value ${B}', unknown: ['${A}', '${B}'] });
  });

  it('of editors mean nothing outside of clients’ files', () => {
    const { text, unknown } = expandVariables(
      '${env:NAME} ${workspaceFolder}',
      environmentLookup(environment),
    );
    expect(text).to.equal('${env:NAME} ${workspaceFolder}');
    expect(unknown).to.have.length(2);
  });

  it('that only an editor can fill in are told apart', () => {
    const text = '${input:key} ${config:a.b} ${command:pick} ${workspaceFolder:b} ${other}';
    const { unanswerable, unknown } = expandVariables(text, editorLookup(environment, '/work'));
    expect(unanswerable).to.deep.equal([
      '${input:key}',
      '${config:a.b}',
      '${command:pick}',
      '${workspaceFolder:b}',
    ]);
    expect(unknown).to.deep.equal(['${other}']);
  });

  it("are the client's folder, not the gateway's, where a client's file means that", () => {
    const text = '${PWD} ${CLAUDE_PROJECT_DIR:-.} ${workspaceFolder} ${cwd}';
    const expansion = expandVariables(text, editorLookup({ PWD: '/gateway' }, '/work'));
    expect(expansion.text).to.equal('/work /work /work /work');
  });

  it('of the gateway itself are not had by the name of editors either', () => {
    const { text } = expandVariables('${env:BULKHEAD_TOKEN}', editorLookup(environment, '/work'));
    expect(text).to.equal('${env:BULKHEAD_TOKEN}');
  });
});
